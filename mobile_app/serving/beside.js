// What Flet's client does not say: that the computer behind the page is gone, and that closing it loses something.
(() => {
  const texts = __TEXTS__;  // by language, see beside.py
  const unkept = __UNKEPT__;  // how the title of a page begins that has something not kept yet
  const [probeEvery, answerWithin] = [2000, 6000];  // milliseconds
  const language = () => (navigator.languages || [navigator.language]).map(code => code.slice(0, 2)).find(code => texts[code]) || "en";
  let sheet = null, reloading = false, lost = null;

  const there = () => Promise.race([
    fetch("version.json", {cache: "no-store"}).then(answer => answer.ok),
    new Promise(resolve => setTimeout(() => resolve(false), answerWithin)),
  ]).catch(() => false);

  function tell() {
    if (sheet || !document.body) return;
    const [title, advice] = texts[language()];
    sheet = document.createElement("div");
    sheet.id = "unreachable";
    sheet.setAttribute("role", "alertdialog");
    sheet.setAttribute("aria-live", "assertive");
    sheet.style.cssText = "position:fixed;inset:0;z-index:2147483647;display:flex;align-items:center;"
      + "justify-content:center;background:#F3F6F7;color:#13212B;font:16px/1.5 Roboto,system-ui,sans-serif;padding:24px";
    const card = sheet.appendChild(document.createElement("div"));
    card.style.cssText = "max-width:26em;background:#FFF4DC;border:1px solid #E9C983;border-radius:16px;padding:20px";
    const head = card.appendChild(document.createElement("strong"));
    head.style.color = "#7A4A00";
    head.textContent = title;
    card.appendChild(document.createElement("p")).textContent = advice;
    document.body.appendChild(sheet);
    ask();
  }

  // Flet's client waits twice as long after each try; this page asks steadily, and starts anew once it is answered.
  async function ask() {
    while (sheet) {
      await new Promise(resolve => setTimeout(resolve, probeEvery));
      if (sheet && await there()) {
        await new Promise(resolve => setTimeout(resolve, probeEvery));
        if (sheet) { reloading = true; location.reload(); return; }
      }
    }
  }

  function found() {
    if (sheet) sheet.remove();
    sheet = null;
  }

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...words) {
      super(...words);
      this.addEventListener("message", () => { clearTimeout(lost); lost = null; found(); });
      this.addEventListener("close", () => { if (!reloading && !leaving) tell(); });
    }
    // A tap that nothing answers: is anybody there?
    send(data) {
      if (!lost) lost = setTimeout(async () => { lost = null; if (!await there()) tell(); }, answerWithin);
      return super.send(data);
    }
  };
  let leaving = false;
  addEventListener("pagehide", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });
  addEventListener("offline", async () => { if (!await there()) tell(); });
  addEventListener("beforeunload", event => {
    if (!reloading && document.title.startsWith(unkept)) { event.preventDefault(); event.returnValue = ""; }
  });
})();
