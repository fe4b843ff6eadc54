// Tells the window that opened this popup how connecting went; nothing in the message is secret.
// Where the browser has cut the two windows apart, the product's polling finds out.
(() => {
  const told = document.getElementById("result");
  if (told === null || !window.opener || window.opener === window) return;
  const result = JSON.parse(told.dataset.result);
  for (const origin of JSON.parse(told.dataset.origins)) window.opener.postMessage(result, origin);
})();
