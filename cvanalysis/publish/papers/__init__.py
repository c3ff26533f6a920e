"""What an edition hands over besides its pages."""
