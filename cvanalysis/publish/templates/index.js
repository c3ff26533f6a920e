(function () {
  "use strict";
  var plain = function (s) { return s.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae").replace(/[’'-]/g, " ").replace(/\s+/g, " ").trim() };
  var box = document.getElementById("filtres"), search = document.getElementById("cherche"), said = document.getElementById("dit");
  var items = Array.from(document.querySelectorAll("[data-r], [data-s], [data-c] li")).map(function (li) { return { li: li, text: plain(li.textContent), counted: "r" in li.dataset, v: li.dataset.v, t: li.dataset.t } });
  var groups = Array.from(document.querySelectorAll("[data-g]")), selects = Array.from(box.querySelectorAll("select"));
  var has = function (list, value) { return !value || !list || list.split("|").indexOf(value) >= 0 };
  var apply = function () {
    var words = plain(search.value).split(" "), n = 0, asked = search.value !== "";
    selects.forEach(function (s) { asked = asked || s.value !== "" });
    items.forEach(function (item) {
      var ok = words.every(function (w) { return item.text.indexOf(w) >= 0 }) && selects.every(function (s) { return has(item[s.dataset.f], s.value) });
      item.li.hidden = !ok;
      n += ok && item.counted;
    });
    groups.forEach(function (g) { g.hidden = !g.querySelector("li:not([hidden])") });
    var found = 0;
    document.querySelectorAll("[data-c] details").forEach(function (d) {
      var m = d.querySelectorAll("li:not([hidden])").length;
      d.hidden = !m;
      d.open = asked && m > 0 && m < 30;
      found += m;
    });
    said.textContent = !asked ? "" : (n ? n + (n > 1 ? " analyses trouvées" : " analyse trouvée") : "Aucune analyse trouvée") + (found ? ", " + found + (found > 1 ? " constats" : " constat") : "");
  };
  box.hidden = false;
  search.addEventListener("input", apply);
  selects.forEach(function (s) { s.addEventListener("change", apply) });
  apply();
})();
