"use strict";
const $ = (id) => document.getElementById(id);
const make = (tag, text, kind) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (kind) node.className = kind;
  return node;
};
const NAMES = {
  add_external_contact: "添加客户", add_half_external_contact: "免验证添加（待确认）", edit_external_contact: "修改客户",
  del_external_contact: "导购删除客户", del_follow_user: "客户删除导购", transfer_fail: "继承失败", create: "新建",
  update: "变更", dismiss: "解散", delete: "删除", shuffle: "重新排序", create_user: "新成员", update_user: "成员变更",
  delete_user: "成员离职", create_party: "新部门", update_party: "部门变更", delete_party: "删除部门",
};
const KINDS = { change_external_chat: "客户群", change_external_tag: "企业标签" };
const STATUS = { full: ["好友", "ok"], half: ["待确认", "warn"], "one-way": ["客户已删除导购", "bad"], none: ["已无关系", "bad"] };
const SENT = { accepted: ["已送达", "ok"], waiting: ["等待发送", "warn"], "given up": ["三次重试后放弃", "bad"], dropped: ["已丢弃（故障）", "bad"], nowhere: ["未设置回调地址", "warn"] };

async function ask(method, path, body) {
  const answer = await fetch("/sandbox/" + path + location.search, { method, body: body && JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) { note(said.error); throw new Error(said.error); }
  return said;
}
function note(text) {
  $("note").textContent = text; $("note").className = "on";
  clearTimeout(note.timer); note.timer = setTimeout(() => { $("note").className = ""; }, 3000);
}
function choices(select, rows, none) {
  const before = select.value, key = JSON.stringify(rows);
  if (select.dataset.key === key) return;
  select.dataset.key = key;
  select.replaceChildren(...rows.map(([value, text]) => { const o = make("option", text); o.value = value; return o; }));
  if (!rows.length) { const o = make("option", none); o.value = ""; select.append(o); }
  if (rows.some(([value]) => value === before)) select.value = before;
}
function time(at) { return new Date(at * 1000).toLocaleString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" }); }
function field(xml, name) { const hit = xml.match(new RegExp(`<${name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</${name}>`)); return hit ? hit[1] : ""; }

const people = {};
function named(...ids) { return ids.filter(Boolean).map((id) => people[id] || id).join("　"); }

function relation(row) {
  const item = make("li"), [word, kind] = STATUS[row.status], top = make("div", undefined, "row"), acts = make("div", undefined, "row");
  top.append(make("b", row.customer), make("span", "↔ " + row.guide), make("span", word, "pill " + kind));
  item.append(top, make("div", `${row.shop}　${time(row.createtime)}${row.state ? "　渠道 " + row.state : ""}`, "soft"), acts);
  const pair = { userid: row.userid, external_userid: row.external_userid };
  const act = (text, path, body) => {
    const button = make("button", text, "small");
    button.onclick = async () => { await ask("POST", path, { ...pair, ...body }); note(text + "：完成"); refresh(); };
    acts.append(button);
  };
  if (row.status === "half") act("导购确认", "accept", {});
  if (row.customer_side) act("客户删除导购", "delete", { by: "customer" });
  if (row.guide_side) act("导购删除客户", "delete", { by: "guide" });
  if (row.status === "none" || row.status === "one-way") act("重新添加", "add", { state: row.state });
  const chat = make("a", "聊天窗口", "soft");
  chat.href = `/sandbox/chat/${encodeURIComponent(row.userid)}/${row.external_userid}${location.search}`;
  acts.append(chat);
  return item;
}
function happened(row) {
  const item = make("li"), top = make("div", undefined, "row");
  item.append(top);
  if (row.kind === "callback") {
    const change = field(row.xml, "ChangeType"), [word, kind] = SENT[row.state];
    top.append(make("span", "回调"), make("b", (KINDS[field(row.xml, "Event")] || "") + (NAMES[change] || change || field(row.xml, "Event"))), make("span", word, "pill " + kind));
    item.append(make("div", `${time(row.at)}　${named(field(row.xml, "UserID"), field(row.xml, "ExternalUserID"))}${row.tries.length ? "　应答 " + row.tries.map((s) => s ?? "无").join("、") : ""}`, "soft"));
  } else if (row.kind === "message") {
    top.append(make("span", { welcome: "欢迎语", chat: "聊天", mass: "群发" }[row.what] || "应用消息"), make("b", row.text || "（附件）"));
    item.append(make("div", `${time(row.at)}　${named(row.userid, row.external_userid)}`, "soft"));
  } else {
    top.append(make("span", "接口报错"), make("b", `${row.errcode} ${row.errmsg}`, "bad"));
    item.append(make("div", `${time(row.at)}　${row.path}`, "soft"));
  }
  return item;
}
async function refresh() {
  const all = await ask("GET", "glance");
  all.guides.forEach((guide) => { people[guide.userid] = guide.name; });
  all.latest.forEach((row) => { people[row.external_userid] = row.customer; });
  choices($("corp"), Object.entries(all.corps), "");
  if (document.activeElement !== $("corp")) $("corp").value = all.corp_id;
  $("console").href = `/sandbox/console?corp_id=${all.corp_id}`;
  $("state").textContent = `世界时间 ${time(all.now)}　客户 ${all.customers}　关系 ${all.relations}　待发回调 ${all.letters_waiting}　回调地址 ${all.callback_url || "未设置"}`;
  choices($("way"), all.ways.map((way) => [way.config_id, `${way.remark || way.state || "未命名"}｜${way.shops.slice(0, 2).join("、")}｜${way.people.slice(0, 3).join("、")}${way.people.length > 3 ? " 等" : ""}`]), "产品还没有创建活码");
  choices($("guide"), all.guides.map((guide) => [guide.userid, `${guide.name}｜${guide.shop}`]), "没有可用的导购");
  $("scan").disabled = !$("way").value; $("qr").hidden = !$("way").value;
  if ($("way").value) $("qr").src = `/sandbox/qr/${$("way").value}.png`;
  $("latest").replaceChildren(...(all.latest.length ? all.latest.map(relation) : [make("li", "还没有人加过好友。让一位新客户扫码试试。", "soft")]));
  $("events").replaceChildren(...(all.events.length ? all.events.map(happened) : [make("li", "还没有事件。", "soft")]));
}
async function newcomer() { return (await ask("POST", "customers", { name: $("name").value.trim() || null })); }
$("scan").onclick = async () => {
  const person = await newcomer();
  const met = await ask("POST", "scan", { external_userid: person.external_userid, config_id: $("way").value });
  $("name").value = ""; note(`${person.name} 扫码添加了 ${met.userid}`); refresh();
};
$("add").onclick = async () => {
  const person = await newcomer();
  await ask("POST", "add", { external_userid: person.external_userid, userid: $("guide").value });
  note(`${person.name} 添加了导购`); refresh();
};
$("way").onchange = refresh;
$("corp").onchange = () => { location.search = "corp_id=" + $("corp").value; };
document.querySelectorAll("[data-advance]").forEach((button) => {
  button.onclick = async () => { await ask("POST", "time", { advance: Number(button.dataset.advance) }); note(button.textContent + "：完成"); refresh(); };
});
refresh();
setInterval(() => { if (!document.hidden) refresh().catch(() => { $("state").textContent = "沙盒没有应答，正在重试…"; }); }, 2000);
