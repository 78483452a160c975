// Before anything is drawn: the colours that were chosen in this browser.
try {
  const chosen = localStorage.getItem("claimsmith:theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* a browser that keeps nothing has the system's */ }
