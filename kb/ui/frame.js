// A link to another page of the app changes the address and tells Streamlit so, instead of loading everything anew.
// Links that leave the app, or that the reader opens in a new tab or window, are left to the browser.
(() => {
  if (window.stemmaLinks) return;
  window.stemmaLinks = true;
  document.addEventListener("click", (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest?.("a[href^='/']");
    if (!link || link.target === "_blank" || link.hasAttribute("download")) return;
    event.preventDefault();
    if (link.href === window.location.href) return;
    window.history.pushState({}, "", link.href);
    window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
    if (!link.closest(".stay")) document.querySelector("[data-testid='stMain']")?.scrollTo(0, 0);
  }, true);
})();
