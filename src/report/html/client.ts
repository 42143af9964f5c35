/**
 * The few lines of script that run in the reader's browser: draw each compiled specification into its figure, and show
 * tooltips. Text reaches the page through textContent only. Plain JavaScript, since it is inlined as it stands.
 */

/** Of a chart on a sheet of A4, in CSS pixels: 210 mm less margins and the figure's padding. On other paper it is scaled a little. */
const PRINT_WIDTH = 678;

/** Runs after the Vega runtime and the specifications are in the page. Marks the root element when all is drawn. */
export const CLIENT_SCRIPT = `
(() => {
  "use strict";
  const root = document.documentElement;
  const specs = JSON.parse(document.getElementById("chart-specs").textContent);
  const tip = document.getElementById("tip");

  const place = (event) => {
    const box = tip.getBoundingClientRect();
    const point = event.touches && event.touches.length > 0 ? event.touches[0] : event;
    const right = point.clientX + 14 + box.width < root.clientWidth;
    const left = right ? point.clientX + 14 : Math.max(6, point.clientX - box.width - 14);
    const top = Math.min(point.clientY + 14, root.clientHeight - box.height - 6);
    tip.style.transform = "translate(" + Math.round(left) + "px," + Math.round(Math.max(6, top)) + "px)";
  };

  const tooltip = (_handler, event, _item, value) => {
    if (value === null || value === undefined || typeof value !== "object") {
      tip.hidden = true;
      return;
    }
    const table = document.createElement("table");
    for (const [name, text] of Object.entries(value)) {
      const row = table.insertRow();
      row.insertCell().textContent = name;
      row.insertCell().textContent = text === null || text === "null" || text === "" ? "\\u2014" : String(text);
    }
    tip.replaceChildren(table);
    tip.hidden = false;
    place(event);
  };

  const draw = async ({ id, spec }) => {
    const container = document.getElementById("chart-" + id);
    try {
      const view = new vega.View(vega.parse(spec), { renderer: "svg", container, logLevel: vega.Error });
      await view.tooltip(tooltip).runAsync();
      views.push({ view, container });
    } catch (error) {
      container.textContent = "This chart could not be drawn; the tables hold its figures.";
      console.error(error);
    }
  };

  // Paper has a width of its own, for which charts are drawn anew: scaled, their letters would shrink or grow.
  const views = [];
  const redraw = (width) => {
    for (const { view, container } of views) view.width(width(container)).run();
  };
  addEventListener("beforeprint", () => redraw(() => ${PRINT_WIDTH}));
  addEventListener("afterprint", () => redraw((container) => container.clientWidth));

  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  Promise.all(specs.map(draw)).then(() => { root.dataset.charts = "drawn"; });
})();
`;
