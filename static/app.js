// Only adds to pages that work without it: Show and Hide, Copy, Dismiss, the live list of rules, the guard against a second submit.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const live = document.getElementById("live");
const say = (words) => {
  live.textContent = "";
  setTimeout(() => (live.textContent = words), 50);
};
const on = (selector, act) => all(selector).forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => act(button));
});

const show = (button, visible) => {
  const word = visible ? "Hide" : "Show";
  document.getElementById(button.dataset.show).type = visible ? "text" : "password";
  button.textContent = word;
  button.ariaLabel = button.ariaLabel.replace(/^\w+/, word);
};
const hideAll = () => all("[data-show]").forEach((button) => show(button, false));

on("[data-show]", (button) => {
  const visible = button.textContent === "Show";
  show(button, visible);
  say(`Your password is ${visible ? "visible" : "hidden"}`);
});

// Over plain HTTP a browser has no clipboard: then there is no button.
if (navigator.clipboard) on("[data-copy]", async (button) => {
  const done = await navigator.clipboard.writeText(button.dataset.copy).then(() => true, () => false);
  button.classList.toggle("done", done);
  setTimeout(() => button.classList.remove("done"), 2000);
  say(done ? "Copied" : "Not copied");
});

on("[data-dismiss]", (button) => {
  button.parentElement.remove();
  document.getElementById("main").focus();
});

addEventListener("submit", (event) => {
  const { target } = event;
  if (target.dataset.sent) return event.preventDefault();
  hideAll();
  target.dataset.sent = "1";
  const buttons = all("button:not([type])", target);
  buttons.forEach((button) => (button.ariaDisabled = "true"));
  setTimeout(() => release(target), 10000);
});
const release = (form) => {
  delete form.dataset.sent;
  all("button:not([type])", form).forEach((button) => (button.ariaDisabled = null));
};
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  hideAll();
  all("form").forEach(release);
});

// Judged as the server judges: by code points after NFC, ASCII classes only.
const classes = { upper: /[A-Z]/, lower: /[a-z]/, digit: /[0-9]/, symbol: /[!@#$%^&*()_+\-=[\]{}|']/ };
const judge = {
  length: (text, least) => [...text].length >= +least,
  three: (text) => Object.values(classes).filter((kind) => kind.test(text)).length > 2,
  not: (text, names) => text && !names.split(" ").includes(text),
};
for (const list of all("[data-rules]")) {
  const input = document.getElementById(list.dataset.rules);
  const rules = all("[data-rule]", list).map((line) => {
    const mark = document.createElement("span");
    mark.className = "sr";
    line.firstElementChild.prepend(mark);
    return [line, mark];
  });
  // Some lines only the server can judge.
  const judged = rules.length === all("li", list).length;
  const met = judged ? "All requirements met" : "Met so far; the rest is checked when you submit";
  let timer;
  const look = () => {
    const text = input.value.normalize("NFC");
    let missing = 0;
    for (const [line, mark] of rules) {
      const { rule, value } = line.dataset;
      const met = classes[rule] ? classes[rule].test(text) : judge[rule](text, value);
      line.classList.toggle("met", !!met);
      mark.textContent = met ? "Met: " : "Not met: ";
      missing += !met;
    }
    return missing;
  };
  look();
  input.addEventListener("input", () => {
    clearTimeout(timer);
    const missing = look();
    timer = setTimeout(() => say(missing ? `${missing} requirement${missing > 1 ? "s" : ""} not met` : met), 900);
  });
}
