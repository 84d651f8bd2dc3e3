// Spares a reader some steps. Every page works without it.
"use strict";

// An address that ends in #token=... signs in at once. A fragment is never sent to a server; it is taken
// out of the address before anything else, so that it does not stay in the history.
const signIn = document.querySelector("form[data-sign-in]");
if (signIn && location.hash.startsWith("#token=")) {
  const token = location.hash.slice("#token=".length);
  history.replaceState(null, "", location.pathname + location.search);
  signIn.elements.token.value = decodeURIComponent(token);
  signIn.requestSubmit();
}

// The key / goes to the search field, unless one is typing already.
const search = document.querySelector("[data-focus-on-slash]");
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea");
  if (search && event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.select();
  }
});

// One button for all details.
const openAll = document.querySelector("[data-open-all]");
if (openAll) {
  const labels = { open: openAll.textContent, close: openAll.dataset.closeLabel };
  openAll.hidden = false;
  openAll.addEventListener("click", () => {
    const all = [...document.querySelectorAll(".timeline details")];
    const open = all.some((details) => !details.open);
    for (const details of all) details.open = open;
    openAll.textContent = open ? labels.close : labels.open;
  });
}
