(function () {
  "use strict";
  var plain = function (s) { return s.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae").replace(/[’'-]/g, " ").trim() };
  var number = function (s) { var d = s.match(/^\s*(\d\d)\/(\d\d)\/(\d{4})\s*$/); if (d) return +(d[3] + d[2] + d[1]); var m = s.replace(/[\s\u00a0\u202f]/g, "").replace("−", "-").match(/^-?\d+(,\d+)?/); return m ? parseFloat(m[0].replace(",", ".")) : null };
  document.querySelectorAll("table.tri").forEach(function (table) {
    var body = table.tBodies[0], heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (th, i) {
      var button = document.createElement("button");
      button.type = "button";
      while (th.firstChild) button.appendChild(th.firstChild);
      button.title = "Trier selon cette colonne";
      th.appendChild(button);
      button.addEventListener("click", function () {
        var down = th.getAttribute("aria-sort") === "ascending";
        heads.forEach(function (h) { h.removeAttribute("aria-sort") });
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        Array.from(body.rows).map(function (row) { var t = row.cells[i].textContent; return { row: row, n: number(t), t: plain(t) } }).sort(function (a, b) {
          if (a.n === null !== (b.n === null)) return a.n === null ? 1 : -1;
          var c = a.n === null ? a.t.localeCompare(b.t, "fr") : a.n - b.n;
          return down ? -c : c;
        }).forEach(function (x) { body.appendChild(x.row) });
      });
    });
  });
  var boxes = Array.from(document.querySelectorAll("[data-filtre]"));
  boxes.forEach(function (box) {
    var list = box.dataset.filtre, items = Array.from(document.querySelectorAll(list)), said = document.getElementById(box.dataset.dit);
    var mine = boxes.filter(function (b) { return b.dataset.filtre === list });
    box.closest(".filtre").hidden = false;
    box.addEventListener("input", function () {
      var words = mine.map(function (b) { return plain(b.value) }).join(" ").split(/\s+/), n = 0;
      items.forEach(function (item) {
        var text = item.plainText || (item.plainText = plain(item.textContent + " " + (item.dataset.mots || ""))), ok = words.every(function (w) { return text.indexOf(w) >= 0 });
        item.hidden = !ok;
        n += ok;
      });
      if (said) said.textContent = n + (n > 1 ? " résultats" : " résultat");
    });
  });
  if (location.hash === "#imprimer") addEventListener("load", function () { print() });
  var open = function () { var t = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1))), d = t && t.closest("details"); while (d) { d.open = true; d = d.parentElement.closest("details") } if (t) t.scrollIntoView() };
  addEventListener("hashchange", open);
  open();
  var closed = [];
  addEventListener("beforeprint", function () { closed = Array.from(document.querySelectorAll("details:not([open])")); closed.forEach(function (d) { d.open = true }) });
  addEventListener("afterprint", function () { closed.forEach(function (d) { d.open = false }) });
})();
