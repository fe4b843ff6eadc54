// Tells the window that opened this popup how connecting went, then closes the popup.
// Nothing in the message is secret. Where the browser has cut the two windows apart, the product's polling finds out.
(() => {
  const told = document.getElementById("result");
  if (told === null || window.opener === null || window.opener === window) return;
  const result = JSON.parse(told.dataset.result);
  window.opener.postMessage(result, told.dataset.origin);
  if (result.status === "success") window.setTimeout(() => window.close(), 1500);
})();
