// What Flet's client does not do: say that the computer behind the page is gone, ask before something is lost, and
// store nothing for longer than its tab is open.
(() => {
  const texts = __TEXTS__;  // by language, see beside.py
  const unkept = __UNKEPT__;  // how the title of a page begins that has something not kept yet
  const [probeEvery, answerWithin] = [2000, 6000];  // milliseconds
  // What Flet's client stores for good would be found by whoever uses this browser next: it goes with the tab.
  try { Object.defineProperty(window, "localStorage", {configurable: true, value: window.sessionStorage}); } catch {}
  const language = () => (navigator.languages || [navigator.language]).map(code => code.slice(0, 2)).find(code => texts[code]) || "en";
  let sheet = null, reloading = false, lost = null, broken = false;

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

  // Flet's client waits twice as long after each try, and on a program that was restarted it goes on with a page whose
  // file choosers no longer open: this page asks steadily, and starts anew once it is answered.
  async function ask() {
    while (sheet) {
      await new Promise(resolve => setTimeout(resolve, probeEvery));
      if (sheet && await there()) {
        if (!broken) await new Promise(resolve => setTimeout(resolve, probeEvery));
        if (sheet) { reloading = true; location.reload(); return; }
      }
    }
  }

  function found() {
    if (sheet) sheet.remove();
    sheet = null;
  }

  // A file to save is fetched without leaving the page: nobody is asked whether what is not kept may be lost.
  const open = window.open;
  window.open = (address, ...more) => {
    const url = new URL(address, location.href);
    if (url.origin !== location.origin || !url.pathname.startsWith(__DEPARTURE__)) return open.call(window, address, ...more);
    const link = document.createElement("a");
    link.href = url.href;
    link.download = "";
    document.body.appendChild(link).click();
    link.remove();
    return null;
  };

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...words) {
      // One that never opens: of a connection begun and broken off Flet's server would wait for the end for ever.
      if (broken) return Object.assign(new EventTarget(), {readyState: 0, close() {}, send() {}});
      super(...words);
      this.addEventListener("message", () => { clearTimeout(lost); lost = null; found(); });
      this.addEventListener("close", () => { if (!reloading && !leaving) { broken = true; tell(); } });
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
