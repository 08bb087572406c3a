(() => {
  const root = document.documentElement, body = document.body, tip = document.getElementById("tip");
  const button = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const asked = location.hash.slice(1);
  if (asked === "dark" || asked === "light") root.dataset.theme = asked;
  button.hidden = false;
  button.onclick = () => { root.dataset.theme = dark() ? "light" : "dark"; };

  // With script a figure follows the pointer; without, the browser shows each <title> by itself.
  for (const title of document.querySelectorAll("main svg title")) {
    title.parentNode.dataset.tip = title.textContent;
    title.remove();
  }
  let hot = null;
  const light = (number) => {
    if (number === hot) return;
    hot = number;
    body.classList.toggle("hot", number !== null);
    for (const part of document.querySelectorAll("svg .s")) part.classList.toggle("hot", part.dataset.v === number);
  };
  document.addEventListener("pointerover", (event) => {
    const said = event.target.closest("[data-tip]"), of = event.target.closest("[data-v]");
    tip.hidden = !said;
    if (said) tip.textContent = said.dataset.tip;
    light(of ? of.dataset.v : null);
  });
  document.addEventListener("pointermove", (event) => {
    if (tip.hidden) return;
    const right = event.clientX + 16 + tip.offsetWidth > innerWidth;
    tip.style.left = (right ? event.clientX - 14 - tip.offsetWidth : event.clientX + 16) + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 6) + "px";
  });
  document.addEventListener("pointerleave", () => { tip.hidden = true; light(null); });
})();
