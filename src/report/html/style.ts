/**
 * The page's style sheet: one column of sections, colours only through variables, so that light, dark and print are three
 * values of the same names. System fonts, since the page may load nothing. On paper the conclusions have the first page to
 * themselves, charts stand whole, and tables wrap rather than run off the sheet.
 */
import { cssVariables, DARK, LIGHT } from "../charts/palette.ts";

/** The whole style sheet, for a style element. */
export function styleSheet(): string {
  return [
    `:root{color-scheme:light dark;${cssVariables(LIGHT)}}`,
    `@media (prefers-color-scheme:dark){:root{${cssVariables(DARK)}}}`,
    BASE,
    HEAD,
    TABLES,
    CHARTS,
    NARROW,
    `@media print{:root{color-scheme:light;${cssVariables(LIGHT)}}${PRINT}}`,
  ].join("\n");
}

const BASE = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth;scroll-padding-top:3.5rem}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif}
.wrap{max-width:1240px;margin:0 auto;padding:0 24px}
h1{font-size:2rem;line-height:1.2;letter-spacing:-.02em;margin:0 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.3rem;line-height:1.3;letter-spacing:-.01em;margin:3.2rem 0 1rem}
h3{font-size:.95rem;line-height:1.4;margin:0;font-weight:600}
p{margin:0 0 .8rem;max-width:75ch;overflow-wrap:anywhere}
a{color:var(--accent)}
.nb{white-space:nowrap}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:.88em}
pre{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;overflow-x:auto;margin:0 0 1.6rem}
[title]{text-decoration:none}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
`;

const HEAD = `
.top{background:var(--surface);border-bottom:1px solid var(--line);padding:2.2rem 0 2rem}
.brand{display:flex;justify-content:space-between;gap:1rem;font-size:.8rem;color:var(--ink-3);margin-bottom:1.6rem}
.brand b{color:var(--ink);letter-spacing:.02em}
.question{font-size:1.08rem;color:var(--ink-2);margin-bottom:1.2rem;white-space:pre-line}
.headline{font-size:1.18rem;font-weight:600;line-height:1.45;margin:0 0 1.2rem}
.facts{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;margin:0;font-size:.85rem}
.facts div{display:flex;gap:.45rem}
.facts dt{color:var(--ink-3)}
.facts dd{margin:0;overflow-wrap:anywhere}
.cards{display:grid;gap:14px;grid-template-columns:repeat(auto-fit,minmax(min(100%,265px),1fr));margin-top:1.6rem}
.card{background:var(--surface);border:1px solid var(--line);border-radius:10px;padding:1rem 1.1rem;min-width:0}
.tier{border-top:3px solid var(--tier)}
.tier-head{display:flex;justify-content:space-between;align-items:center;gap:.6rem;margin-bottom:.5rem}
.tier-head h3{font-size:1.05rem;overflow-wrap:anywhere}
.pill{font-size:.78rem;font-weight:600;border-radius:99px;padding:.12rem .6rem;border:1px solid currentColor;white-space:nowrap}
.targets{list-style:none;margin:0 0 .5rem;padding:0}
.targets li{padding-left:1.35em;position:relative}
.targets li i{position:absolute;left:0;font-style:normal;font-weight:700}
.small{font-size:.85rem;line-height:1.45;color:var(--ink-2);margin:0}
.good{color:var(--good)}.bad{color:var(--bad)}.muted{color:var(--ink-3)}
.figures{display:grid;gap:14px;grid-template-columns:repeat(6,1fr);margin-top:14px}
.figure{grid-column:span 2}
.figure.broad{grid-column:span 4}
.figure h3{font-size:.82rem;font-weight:500;color:var(--ink-3);margin-bottom:.15rem}
.values{display:flex;flex-wrap:wrap;gap:.2rem 2.2rem;margin-bottom:.35rem}
.value b{font-size:1.55rem;line-height:1.25;letter-spacing:-.02em;font-weight:650;font-variant-numeric:tabular-nums;white-space:nowrap;display:block}
.value span{display:block;font-size:.8rem;line-height:1.3;color:var(--ink-2)}
.broad .value{flex:1 1 110px}
.bar{height:5px;border-radius:3px;background:var(--grid);overflow:hidden;margin:.3rem 0 .1rem}
.bar i{display:block;height:100%;background:var(--accent);border-radius:3px}
.conclusions{margin-top:14px;padding:.35rem 1.1rem}
.conclusions dl{margin:0}
.conclusions dl>div{display:grid;grid-template-columns:11.5rem minmax(0,1fr);gap:.2rem 1.2rem;padding:.72rem 0;border-top:1px solid var(--grid)}
.conclusions dl>div:first-child{border-top:0}
.conclusions dt{font-weight:600}
.conclusions dd{margin:0;color:var(--ink-2);max-width:92ch;overflow-wrap:anywhere}
.conclusions code{color:var(--ink);white-space:nowrap}
.toc{position:sticky;top:0;z-index:5;background:var(--page);border-bottom:1px solid var(--line);margin-top:1.6rem}
.toc .wrap{display:flex;gap:1.4rem;overflow-x:auto;font-size:.87rem;scrollbar-width:none}
.toc a{color:var(--ink-2);text-decoration:none;padding:.65rem 0;white-space:nowrap}
.toc a:hover{color:var(--ink);box-shadow:inset 0 -2px var(--accent)}
footer{color:var(--ink-3);font-size:.82rem;padding:2rem 0 3rem}
`;

const TABLES = `
.table{background:var(--surface);border:1px solid var(--line);border-radius:10px;margin:0 0 1.4rem;overflow:hidden}
.table h3{padding:.75rem 1rem;border-bottom:1px solid var(--line)}
.scroll{overflow:auto;max-height:34rem;overscroll-behavior-x:contain}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:.83rem;font-variant-numeric:tabular-nums}
th,td{padding:.42rem .47rem;text-align:left;white-space:nowrap;border-bottom:1px solid var(--grid)}
th:first-child,td:first-child{padding-left:1rem}
th:last-child,td:last-child{padding-right:1rem}
tbody tr:last-child>*{border-bottom:0}
.r{text-align:right}
thead th{position:sticky;top:0;z-index:2;background:var(--surface);color:var(--ink-3);font-weight:500;vertical-align:bottom;white-space:normal;min-width:4.2em;line-height:1.3;border-bottom:1px solid var(--line)}
tbody th{font-weight:600;position:sticky;left:0;z-index:1;background:var(--surface);max-width:11.5rem;overflow:hidden;text-overflow:ellipsis}
thead th:first-child{left:0;z-index:3}
tbody tr:hover>*{background:var(--page)}
td{max-width:15rem;overflow:hidden;text-overflow:ellipsis}
td.prose{white-space:normal;min-width:20rem;max-width:none}
[title]:is(th,td){cursor:help}
thead th[title]{text-decoration:underline dotted var(--ink-3);text-underline-offset:3px}
.swatch{display:inline-block;width:.68em;height:.68em;border-radius:2px;margin-right:.5em;vertical-align:baseline}
.table .note{padding:.6rem 1rem;border-top:1px solid var(--line)}
.defs{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.5rem 1.4rem;margin:.8rem 0 0;font-size:.9rem}
.defs dt{font-weight:600}
.defs dd{margin:0;color:var(--ink-2);max-width:75ch}
`;

const CHARTS = `
.charts{display:grid;gap:14px;grid-template-columns:repeat(2,minmax(0,1fr));align-items:start;margin-bottom:1.4rem}
figure{background:var(--surface);border:1px solid var(--line);border-radius:10px;padding:.85rem 1rem .7rem;margin:0;min-width:0;display:flex;flex-direction:column}
figure:last-child:nth-child(odd){grid-column:1/-1}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1rem;list-style:none;margin:.3rem 0 .5rem;padding:0;font-size:.78rem;color:var(--ink-2)}
.legend li{max-width:100%;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.legend i{font-style:normal;margin-right:.4em}
.legend i.square{display:inline-block;width:.7em;height:.7em;border-radius:2px}
.chart{width:100%;min-width:0;min-height:60px}
.chart svg{display:block;max-width:100%}
figcaption{font-size:.79rem;line-height:1.45;color:var(--ink-3);margin-top:auto;padding-top:.4rem}
.chart g.slices_marks path:hover{fill-opacity:.07!important}
#tip{position:fixed;z-index:10;left:0;top:0;max-width:min(340px,92vw);pointer-events:none;background:var(--surface);color:var(--ink);border:1px solid var(--line);border-radius:8px;box-shadow:0 6px 24px rgb(0 0 0/.18);padding:.45rem .65rem;font-size:.8rem;line-height:1.4}
#tip[hidden]{display:none}
#tip table{width:auto;font-size:inherit}
#tip td{padding:.05rem .3rem;border:0;white-space:normal;overflow-wrap:anywhere}
#tip td:first-child{color:var(--ink-3)}
#tip td:last-child{min-width:6.5em}
`;

const NARROW = `
@media (max-width:900px){
.charts{grid-template-columns:minmax(0,1fr)}
.figures{grid-template-columns:repeat(2,minmax(0,1fr))}
.figure{grid-column:span 1}
.figure.broad{grid-column:1/-1}
}
@media (max-width:560px){
.wrap{padding:0 14px}
.top{padding:1.3rem 0 1.5rem}
.brand{margin-bottom:1.1rem}
h1{font-size:1.6rem}
h2{margin-top:2.4rem}
.headline{font-size:1.06rem}
.figure{grid-column:1/-1}
.figure:nth-last-child(-n+2){grid-column:span 1}
.conclusions dl>div{grid-template-columns:minmax(0,1fr)}
.figure.broad .values{gap:.2rem .9rem}
.broad .value{flex:1 1 75px}
.broad .value b{font-size:1.25rem}
figure{padding:.75rem .7rem .6rem}
tbody th{max-width:8.5rem;min-width:6rem;white-space:normal;overflow-wrap:break-word}
td.prose{min-width:16rem}
.defs{grid-template-columns:1fr;gap:0}
.defs dd{margin-bottom:.7rem}
}
`;

const PRINT = `
@page{size:portrait;margin:13mm 12mm}
html{font-size:13px}
body{background:#fff;font-size:11px;line-height:1.45}
.wrap{max-width:none;padding:0}
.toc,#tip{display:none}
.top{border:0;padding:0}
.brand{margin-bottom:.8rem}
h1{font-size:1.55rem;margin-bottom:.3rem}
h2{margin:1.5rem 0 .6rem;break-after:avoid}
.question{font-size:.95rem;margin-bottom:.6rem}
.headline{font-size:1.05rem;margin-bottom:.6rem}
.facts{font-size:.8rem}
.cards{grid-template-columns:repeat(3,minmax(0,1fr));gap:8px;margin-top:.9rem}
.figures{grid-template-columns:repeat(6,minmax(0,1fr));gap:8px;margin-top:8px}
.figure,.figure:nth-last-child(-n+2){grid-column:span 2}
.figure.broad{grid-column:span 4}
.card{padding:.5rem .7rem;border-radius:6px}
.card .small{font-size:.76rem;line-height:1.35}
.values{gap:.1rem 1.1rem;margin-bottom:.15rem}
.value b{font-size:1.15rem}
.broad .value{flex:1 1 70px}
.conclusions{margin-top:8px;padding:.15rem .7rem}
.conclusions dl>div{grid-template-columns:10.6rem minmax(0,1fr);padding:.32rem 0}
main{break-before:page}
main>section:first-child h2{margin-top:0}
.card,figure,pre,.table,.conclusions dl>div,.defs dd{break-inside:avoid}
p{orphans:3;widows:3}
.charts{grid-template-columns:minmax(0,1fr);gap:10px}
figure{border-radius:6px;padding:.6rem .8rem .5rem}
.table{overflow:visible;border-radius:6px;margin-bottom:10px}
.table h3{padding:.4rem .6rem}
.table h3{break-after:avoid}
.scroll{overflow:visible;max-height:none}
table{font-size:7.6px;line-height:1.3}
th,td{padding:.22rem .25rem}
th:first-child,td:first-child{padding-left:.6rem}
th:last-child,td:last-child{padding-right:.6rem}
thead th,tbody th{position:static}
thead th{min-width:0}
thead{display:table-header-group}
td,tbody th{white-space:normal;overflow-wrap:anywhere;max-width:none;min-width:0}
td.r{white-space:nowrap}
td.prose{min-width:9rem}
tr{break-inside:avoid}
.defs{grid-template-columns:9rem 1fr;gap:.25rem 1rem;font-size:.82rem}
.chart svg{width:100%;height:auto}
footer{padding:1rem 0 0}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
`;
