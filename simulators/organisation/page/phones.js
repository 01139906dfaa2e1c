// The phones' page: what each phone shows, in the reader's language, as it happens.
const words = {
  "zh-CN": {
    title: "社工机构的手机", offline: "连不上，正在重试。", quiet: "安静，没有消息", take: "我来处理", taking: "正在告诉中心…",
    ringing: "等人处理", confirm: "我还在路上", asked: "等您回应", mine: "您已接下，中心和长者都看到了", taken: "已有人处理", over: "已处置", other: "English",
    count: (n) => `第 ${n} 次`, takenBy: (name) => `${name}已经接下`, unreachable: "联系不上中心，请再点一次或直接打电话",
    refused: "中心没有接受，请看看消息是否过期，或直接打电话", P1: "紧急", P2: "尽快",
    social_worker: "值班社工", lead: "组长", grid_head: "网格楼院长", street_office: "街道", staff: "中心工作人员", administrator: "管理员",
  },
  en: {
    title: "The organisation's phones", offline: "Not connected, trying again.", quiet: "Quiet, no messages", take: "I’ll take it", taking: "Telling the centre…",
    ringing: "Waiting for somebody", confirm: "I’m still on my way", asked: "Waiting for your answer", mine: "You have taken it; the centre and the senior can see that", taken: "Somebody has taken it", over: "Taken care of", other: "中文",
    count: (n) => `told ${n} times`, takenBy: (name) => `${name} has taken it`, unreachable: "The centre cannot be reached: tap again, or phone",
    refused: "The centre did not accept: see whether the message is out of date, or phone", P1: "Emergency", P2: "Urgent",
    social_worker: "duty social worker", lead: "lead", grid_head: "grid head", street_office: "street office", staff: "centre staff", administrator: "administrator",
  },
};
let language = new URLSearchParams(location.search).get("lang") === "en" ? "en" : "zh-CN";
let state = { phones: [] };
const taking = new Set();
const by = (id) => document.getElementById(id);
const part = (id) => by(id).content.firstElementChild.cloneNode(true);

function standingText(message, word) {
  const answer = message.answer;
  if (answer?.code === "hub-unreachable") return word.unreachable;
  if (message.standing === "taken" && (answer?.name || answer?.name_en)) {
    return word.takenBy(language === "en" ? answer.name_en || answer.name : answer.name);
  }
  if (message.standing === "ringing" && answer && answer.code !== "accepted") return word.refused;
  return message.can_confirm ? word.asked : word[message.standing];
}

function asks(phone) {
  return phone.shown.some((message) => message.can_take || message.can_confirm);
}

// The centre's time, whatever the clock of this browser is set to.
function clock(at) {
  const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: state.timezone };
  return new Intl.DateTimeFormat("en-GB", parts).format(new Date(at));
}

function messageElement(phone, message) {
  const word = words[language];
  const element = part("message");
  const badge = element.querySelector(".badge");
  badge.textContent = word[message.priority] ?? message.priority;
  badge.classList.toggle("p1", message.priority === "P1");
  const time = element.querySelector("time");
  time.dateTime = message.received_at;
  time.textContent = clock(message.received_at);
  element.querySelector(".count").textContent = message.count > 1 ? word.count(message.count) : "";
  const [, said, number] = /^(.*?)(#\S+)?$/s.exec(message.text[language] ?? Object.values(message.text)[0]);
  element.querySelector(".said").textContent = said;
  element.querySelector(".number").textContent = number ?? "";
  const standing = element.querySelector(".standing");
  standing.textContent = standingText(message, word);
  standing.classList.toggle("mine", message.standing === "mine" && !message.can_confirm);
  const take = element.querySelector(".take");
  take.hidden = !message.can_take && !message.can_confirm;
  take.disabled = taking.has(message.notification_id);
  take.textContent = take.disabled ? word.taking : message.can_confirm ? word.confirm : word.take;
  take.dataset.notification = message.notification_id;
  take.addEventListener("click", () => void takeIt(phone.account_id, message.notification_id));
  return element;
}

function phoneElement(phone) {
  const word = words[language];
  const element = part("phone");
  element.dataset.account = phone.account_id;
  element.classList.toggle("ringing", asks(phone));
  element.querySelector(".name").textContent = language === "en" ? phone.name_en : phone.name;
  element.querySelector(".role").textContent = word[phone.role] ?? "";
  const quiet = element.querySelector(".quiet");
  quiet.hidden = phone.shown.length > 0;
  quiet.textContent = word.quiet;
  const messages = new Map(phone.shown.map((message) => [message.notification_id, message]));
  element.querySelector(".messages").append(...phone.on_screen.map((id) => messageElement(phone, messages.get(id))));
  return element;
}

function show() {
  const word = words[language];
  document.documentElement.lang = language;
  document.title = word.title;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word[element.dataset.word];
  by("language").textContent = word.other;
  const ringing = (phone) => (asks(phone) ? 0 : phone.shown.length ? 1 : 2);
  const sorted = state.phones.map((phone, index) => [ringing(phone), index, phone]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const focused = document.activeElement?.dataset?.notification;
  by("phones").replaceChildren(...sorted.map(([, , phone]) => phoneElement(phone)));
  if (focused) document.querySelector(`[data-notification="${CSS.escape(focused)}"]`)?.focus();
}

async function takeIt(account, notification) {
  taking.add(notification);
  show();
  try {
    await fetch(`phones/${encodeURIComponent(account)}/take/${encodeURIComponent(notification)}`, { method: "POST" });
  } finally {
    taking.delete(notification);
    show();
  }
}

by("language").addEventListener("click", () => {
  language = language === "en" ? "zh-CN" : "en";
  show();
});
const live = new EventSource("phones/live");
live.onopen = () => (by("offline").hidden = true);
live.onerror = () => (by("offline").hidden = false);
live.onmessage = (event) => {
  state = JSON.parse(event.data);
  show();
};
show();
