// Draws the charts of a board from the JSON in the page, in the colours of the style sheet, and again when they change.
// A page that somebody looks at fetches itself anew every half minute, as often as the facts are filled.
(() => {
  const source = document.getElementById("chart-data");
  if (!source || !window.echarts) return;
  let data = JSON.parse(source.textContent);
  const style = () => getComputedStyle(document.documentElement);
  const colour = (name) => style().getPropertyValue(`--${name}`).trim();
  const figure = new Intl.NumberFormat(document.documentElement.lang);
  const short = (day) => `${Number(day.slice(5, 7))}/${Number(day.slice(8))}`;
  const fade = (hex, part) => hex + Math.round(part * 255).toString(16).padStart(2, "0");
  const shown = (value) => figure.format(Math.abs(value));
  const weekday = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", timeZone: "UTC" });

  const common = () => ({
    animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 350,
    textStyle: { fontFamily: style().getPropertyValue("font-family"), color: colour("muted") },
    grid: { left: 4, right: 8, top: 34, bottom: 2, outerBounds: { left: 0, right: 0, top: 0, bottom: 0 }, containLabel: true },
    tooltip: {
      trigger: "axis", confine: true, backgroundColor: colour("card"), borderColor: colour("line"),
      textStyle: { color: colour("ink"), fontSize: 13 }, extraCssText: "border-radius:10px;box-shadow:0 6px 24px #0002",
      axisPointer: { type: "line", lineStyle: { color: colour("line-strong") } },
      formatter: (points) => {
        const day = data.days[points[0].dataIndex];
        const lines = points.map((p) => `${p.marker}${p.seriesName}<b style="float:right;margin-left:24px">${p.seriesId === "ended" ? shown(p.value) : figure.format(p.value)}</b>`);
        return `<b>${day}</b> ${weekday.format(new Date(day))}<br>${lines.join("<br>")}`;
      },
    },
    xAxis: {
      type: "category", data: data.days, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("line") } },
      axisLabel: { formatter: short, color: colour("muted"), hideOverlap: true, fontSize: 11 },
    },
    yAxis: {
      type: "value", minInterval: 1, splitNumber: 4, splitLine: { lineStyle: { color: colour("line") } },
      axisLabel: { color: colour("muted"), fontSize: 11, formatter: (v) => (Math.abs(v) >= 10000 ? `${v / 1000}k` : figure.format(v)) },
    },
  });
  const outside = () => (data.from > 0
    ? { silent: true, itemStyle: { color: fade(colour("ink"), 0.035) }, data: [[{ xAxis: data.days[data.from] }, { xAxis: data.days[data.days.length - 1] }]] }
    : undefined);

  const options = {
    flows: () => ({
      ...common(),
      legend: { top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, itemGap: 16, textStyle: { color: colour("muted"), fontSize: 12 } },
      series: [
        { id: "adds", name: data.words.adds, type: "bar", stack: "day", data: data.adds, color: colour("accent"), barMaxWidth: 22, itemStyle: { borderRadius: [3, 3, 0, 0] }, markArea: outside() },
        { id: "ended", name: data.words.ended, type: "bar", stack: "day", data: data.ended, color: colour("faint"), barMaxWidth: 22, itemStyle: { borderRadius: [0, 0, 3, 3] } },
        { id: "net", name: data.words.net, type: "line", data: data.net, color: colour("ink"), symbol: "circle", symbolSize: 5, showSymbol: data.days.length <= 31, lineStyle: { width: 1.5 } },
      ],
    }),
    live: () => ({
      ...common(), grid: { ...common().grid, top: 12 },
      yAxis: { ...common().yAxis, scale: true },
      series: [{
        id: "live", name: data.words.live, type: "line", data: data.live, color: colour("accent"), showSymbol: false, lineStyle: { width: 2 }, markArea: outside(),
        areaStyle: { color: { type: "linear", x: 0, y: 0, x2: 0, y2: 1, colorStops: [{ offset: 0, color: fade(colour("accent"), 0.28) }, { offset: 1, color: fade(colour("accent"), 0) }] } },
      }],
    }),
  };

  const charts = [];
  for (const place of document.querySelectorAll("[data-chart]")) {
    const chart = echarts.init(place, null, { renderer: "canvas" });
    const draw = () => chart.setOption(options[place.dataset.chart](), true);
    draw();
    new ResizeObserver(() => chart.resize()).observe(place);
    charts.push(draw);
    place.dataset.drawn = "yes";
  }
  const parts = [".as-of", ".tiles", "#table", ".first-steps"];
  const renew = (page) => {
    for (const part of parts) {
      const [now, next] = [document.querySelector(part), page.querySelector(part)];
      if (!now || now.contains(document.activeElement)) continue;
      if (next) { now.replaceWith(next); window.htmx?.process(next); } else { now.remove(); }
    }
    const told = page.getElementById("chart-data");
    if (told) { data = JSON.parse(told.textContent); charts.forEach((draw) => draw()); }
  };
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok && !answer.redirected) renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch { /* the old "as of" goes on telling how old the numbers are */ }
  };
  setInterval(look, 30000);
  document.addEventListener("boards:look", look);

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((draw) => draw()));
})();
