// Begins: the numbers are there already; the rest is unpacked, and Plotly last.

const trouble = (message) => {
  $("trouble").hidden = false;
  $("trouble").textContent = message;
};

function beginTheme() {
  const root = document.documentElement;
  const remembered = () => { try { return localStorage.getItem("ecsim-theme"); } catch { return null; } };
  const chosen = remembered();
  if (chosen) root.dataset.theme = chosen;
  $("theme").onclick = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("ecsim-theme", root.dataset.theme); } catch { /* a page from a file may not remember */ }
    repaint.forEach((paint) => paint());
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => repaint.forEach((paint) => paint()));
}

async function begin() {
  beginTheme();
  if (typeof DecompressionStream === "undefined") {
    trouble("This browser cannot unpack the data of this page: it needs one of 2023 or later (DecompressionStream).");
    return;
  }
  const started = performance.now();
  run.index = JSON.parse(await unpackText("data-index"));
  run.columns = new Columns(await unpack("data-columns"), run.index.columns);
  $("data-index").remove();
  $("data-columns").remove();
  run.startMs = run.index.startMs;
  run.end = Math.max(run.index.durationMs / 1000, 1);
  for (const element of document.querySelectorAll(".at")) element.textContent = showTime(+element.dataset.at / 1000);
  beginCluster();
  beginCharts();
  beginReplay();
  beginLists();
  clock.seek(0);
  document.body.dataset.ready = "replay";
  const library = document.createElement("script");
  library.textContent = await unpackText("data-plotly");
  document.head.append(library);
  $("data-plotly").remove();
  series.charts.forEach((chart) => chart.changed());
  document.body.dataset.ready = "all";
  document.body.dataset.milliseconds = String(Math.round(performance.now() - started));
}

begin().catch((error) => trouble(`The page could not be built: ${error.message}`));
