"use strict";
const $ = (id) => document.getElementById(id);
const make = (tag, text, kind) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (kind) node.className = kind;
  return node;
};
const corp = () => new URLSearchParams(location.search).get("corp_id") || "";
const STATUS = { 1: "已激活", 2: "已禁用", 4: "未激活" };

async function ask(method, path, body) {
  const query = corp() ? "?corp_id=" + corp() : "";
  const answer = await fetch("/sandbox/" + path + query, { method, body: body && JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  return said;
}
function note(text) {
  $("note").textContent = text; $("note").className = "on";
  clearTimeout(note.timer); note.timer = setTimeout(() => { $("note").className = ""; }, 3000);
}
function go(corp_id) { location.search = "corp_id=" + corp_id; }

function places(all, app) {
  const box = make("div");
  const everybody = app.visible === null;
  all.departments.forEach((each) => {
    const label = make("label"), tick = make("input");
    tick.type = "checkbox"; tick.value = each.id; tick.style.cssText = "width:auto;min-height:0";
    tick.checked = everybody ? each.id === 1 : app.visible.includes(each.id);
    label.append(tick, " " + each.name); label.style.cssText = "display:inline-block;margin-right:14px";
    box.append(label);
  });
  return box;
}
function card(all, app) {
  const node = $("app").content.firstElementChild.cloneNode(true);
  const f = (name) => node.querySelector(`[data-f=${name}]`), a = (name) => node.querySelector(`[data-a=${name}]`);
  const send = async (path, body, done) => {
    try { await ask("POST", "console/" + path, { agent_id: app.agent_id, ...body }); await refresh(); note(done); }
    catch (error) { f("wrong").textContent = error.message; f("wrong").scrollIntoView({ block: "nearest" }); }
  };
  for (const name of ["name", "agent_id", "secret"]) f(name).textContent = app[name];
  for (const name of ["callback_url", "token", "aes_key"]) f(name).value = app[name];
  f("ips").value = app.trusted_ips === null ? "" : app.trusted_ips.join(";");
  f("visible").replaceWith(Object.assign(places(all, app), { id: "v" + app.agent_id }));
  f("proof").textContent = app.domain_code ? `WW_verify_${app.domain_code}.txt` : "填写域名并点“添加可信域名”后给出";
  f("domain").value = app.trusted_domains[0] || "";
  f("domains").textContent = app.trusted_domains.map((d) => d + (app.proven_domains.includes(d) ? "（已校验）" : "（未校验归属）")).join("、");
  a("callable").checked = app.customer_contact;
  a("callable").onchange = () => send("callable", { on: a("callable").checked }, "已保存");
  a("secret").onclick = () => send("secret", {}, "旧 Secret 已失效");
  a("ips").onclick = () => send("ips", { ips: f("ips").value.split(/[;；,，\s]+/).filter(Boolean) }, "企业可信IP 已保存");
  a("visible").onclick = () => {
    const ticked = [...node.querySelectorAll(`#v${app.agent_id} input:checked`)].map((each) => Number(each.value));
    send("visible", { departments: ticked }, "可见范围已保存");
  };
  a("callback").onclick = () => send("callback", { url: f("callback_url").value, token: f("token").value, aes_key: f("aes_key").value }, "回调地址验证通过，已保存");
  a("domain").onclick = () => send("domain", { domain: f("domain").value }, "可信域名已添加");
  a("check").onclick = () => send("domain", { domain: f("domain").value, check: true }, "域名归属校验通过");
  node.querySelectorAll("[data-e]").forEach((tick) => {
    tick.checked = app[tick.dataset.e + "_events"];
    tick.onchange = () => send("events", { [tick.dataset.e]: tick.checked }, "已保存");
  });
  return node;
}
function member(one) {
  const item = make("li"), top = make("div", undefined, "row");
  top.append(make("b", one.name), make("span", `${one.userid}　${one.position}　${one.shop}`, "soft"));
  const change = async (body) => { try { await ask("POST", "users/" + encodeURIComponent(one.userid), body); note(one.name + "：已保存"); } catch (error) { note(error.message); } refresh(); };
  const status = make("select"); status.style.cssText = "width:auto;margin:0"; status.setAttribute("aria-label", "状态");
  Object.entries(STATUS).forEach(([value, text]) => { const o = make("option", text); o.value = value; status.append(o); });
  status.value = one.status; status.onchange = () => change({ status: Number(status.value) });
  const acts = make("div", undefined, "row");
  acts.append(status);
  for (const [name, text] of [["serves", "客户联系"], ["verified", "已实名"]]) {
    const label = make("label"), tick = make("input");
    tick.type = "checkbox"; tick.checked = one[name]; tick.style.cssText = "width:auto;min-height:0";
    tick.onchange = () => change({ [name]: tick.checked });
    label.append(tick, " " + text); acts.append(label);
  }
  const number = make("input"); number.placeholder = "工号"; number.value = one.staff_number; number.style.cssText = "width:110px;margin:0"; number.setAttribute("aria-label", "工号");
  number.onchange = () => change({ staff_number: number.value });
  acts.append(number);
  item.append(top, acts);
  return item;
}
async function refresh() {
  const all = await ask("GET", "console/glance");
  $("corp").replaceChildren(...all.corps.map((each) => { const o = make("option", each.name); o.value = each.corp_id; return o; }));
  $("corp").value = all.corp_id;
  $("board").href = "/sandbox/?corp_id=" + all.corp_id;
  $("name").textContent = all.name; $("corp-id").textContent = all.corp_id;
  $("people").textContent = all.people; $("places").textContent = all.departments.length;
  $("no-app").hidden = all.apps.length > 0;
  $("apps").replaceChildren(...all.apps.map((app) => card(all, app)));
  $("members").replaceChildren(...all.members.map(member));
}
$("corp").onchange = () => go($("corp").value);
$("found").onsubmit = async (event) => {
  event.preventDefault();
  try { go((await ask("POST", "corps", { name: $("found-name").value, stores: Number($("found-stores").value) })).corp_id); }
  catch (error) { note(error.message); }
};
$("make").onsubmit = async (event) => {
  event.preventDefault();
  try { await ask("POST", "console/apps", { name: $("app-name").value }); $("app-name").value = ""; await refresh(); note("应用已创建：接着设置可见范围、可信IP 等"); }
  catch (error) { note(error.message); }
};
refresh().catch((error) => note(error.message));
