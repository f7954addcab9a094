// Keys of review: each presses what stands on the page, so that nothing works by script alone.
// s, d, u choose an answer; a digit chooses a reason and sends; Enter sends; n goes on, z undoes, c confirms.
"use strict";
(() => {
  const form = document.getElementById("decide");
  const typing = (target) =>
    target instanceof HTMLElement && target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
  const chosen = () => form && form.querySelector("[name=word]:checked, input[type=hidden][name=word]");
  let sent = false;
  // A key that is held down is one answer.
  const send = (of) => {
    if (sent) return;
    if (of.reportValidity && !of.reportValidity()) return;
    sent = true;
    of.requestSubmit();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (event.key === "Escape" && typing(event.target)) {
      event.target.blur();
      return;
    }
    if (typing(event.target)) return;
    if (event.key === "Enter") {
      // On a link or a button Enter does what it always does.
      if (event.target instanceof HTMLElement && event.target.matches("a, button, summary")) return;
      if (!chosen()) return;
      event.preventDefault();
      send(form);
      return;
    }
    const reason = form && form.querySelector(`[name=reason][value="${CSS.escape(event.key)}"]`);
    if (reason && /^[0-9]$/.test(event.key)) {
      event.preventDefault();
      reason.checked = true;
      if (chosen()) send(form);
      return;
    }
    const of = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
    if (!of) return;
    event.preventDefault();
    if (of instanceof HTMLFormElement) send(of);
    else if (of instanceof HTMLInputElement) {
      of.checked = true;
      of.focus();
    } else of.click();
  });
  // Back brings the page as it was: it can be sent again.
  window.addEventListener("pageshow", () => {
    sent = false;
  });
})();
