/**
 * The dashboard's style sheet: the report's, with which it shares colours, cards, tables and charts, and what only a live page
 * has. Colours through variables, so that both schemes are two values of the same names.
 */
import { styleSheet } from "../../report/html/style.ts";

export function dashboardStyle(): string {
  return `${styleSheet()}${LIVE}${LIVE_NARROW}`;
}

const LIVE = `
[hidden]{display:none!important}
.top{padding:.85rem 0;position:sticky;top:0;z-index:6}
.top .wrap{display:flex;align-items:center;gap:1.2rem;min-height:2rem}
.brand{margin:0;display:block;font-size:.9rem;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.brand b{font-size:1.02rem;margin-right:.5rem}
.state{margin:0 0 0 auto;font-size:.84rem;color:var(--ink-2);display:flex;align-items:center;gap:.55rem;max-width:none;font-variant-numeric:tabular-nums}
.state i{flex:none;width:.6rem;height:.6rem;border-radius:50%;background:var(--ink-3)}
.state[data-state=live] i{background:var(--good)}
.state[data-state=lost] i{background:var(--bad)}
.state[data-state=lost]{color:var(--bad);font-weight:600}
button,input{font:inherit;color:inherit;border:1px solid var(--line);border-radius:7px;background:var(--surface);padding:.42rem .8rem}
button{cursor:pointer;font-size:.84rem;white-space:nowrap}
button:hover{border-color:var(--ink-3)}
#gate{max-width:34rem;padding-top:12vh}
#gate h1{font-size:1.5rem}
#gate label{display:block;font-size:.84rem;color:var(--ink-3);margin:1.2rem 0 .3rem}
#gate .row{display:flex;gap:.6rem}
#gate input{flex:1;min-width:0}
#gate button{background:var(--accent);border-color:var(--accent);color:var(--surface);font-weight:600;font-size:.92rem}
main.wrap{padding-top:1.4rem;padding-bottom:3rem}
main h2{margin-top:2.2rem}
.quiet{font-size:.85rem;color:var(--ink-3);max-width:none}
.below{margin:.7rem 0 0;font-size:.79rem}
.tiles{display:grid;gap:14px;grid-template-columns:repeat(5,minmax(0,1fr));margin-bottom:14px}
.tile{padding:.85rem 1rem}
.tile h3{font-size:.8rem;font-weight:500;color:var(--ink-3)}
.tile b{display:block;font-size:1.6rem;line-height:1.3;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums;white-space:nowrap}
.tile .small{font-size:.78rem}
.cards{margin-top:0}
.big{margin:0 0 .3rem}
.big b{font-size:1.9rem;line-height:1.2;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums;margin-right:.35rem}
.big span{font-size:.84rem;color:var(--ink-2)}
.meter{position:relative;height:7px;border-radius:4px;background:var(--grid);margin:.45rem 0 .6rem;overflow:hidden}
.meter i{display:block;height:100%;background:var(--good);border-radius:4px 0 0 4px}
.meter i.over{background:var(--bad)}
.meter em{position:absolute;left:75%;top:0;width:2px;height:100%;background:var(--ink)}
dl.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:.2rem 1.2rem;margin:.8rem 0 0;font-size:.84rem;font-variant-numeric:tabular-nums}
dl.grid div{display:flex;justify-content:space-between;gap:.5rem;border-top:1px solid var(--grid);padding-top:.2rem}
dl.grid dt{color:var(--ink-3)}
dl.grid dd{margin:0;white-space:nowrap}
.plot{position:relative}
.plot .none{position:absolute;inset:0;display:flex;align-items:center;justify-content:center;margin:0;color:var(--ink-3);font-size:.88rem;text-align:center;padding:0 1rem}
.chart.empty{visibility:hidden}
.replicas{display:grid;gap:10px;grid-template-columns:repeat(auto-fill,minmax(min(100%,220px),1fr))}
.replica{padding:.65rem .8rem}
.replica.down{border-color:var(--bad)}
.replica-head{display:flex;justify-content:space-between;gap:.6rem;font-size:.78rem}
.replica-head h3{font-size:.84rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.slots{display:flex;height:9px;border-radius:3px;overflow:hidden;background:var(--grid);margin:.4rem 0 .45rem}
.slots i{display:block;height:100%;flex:none}
.replica .small{font-size:.78rem;overflow-wrap:anywhere}
.who{display:inline-block;margin-right:.75em;white-space:nowrap}
.replica .muted{color:var(--ink-3)}
.events{list-style:none;margin:0;padding:0;background:var(--surface);border:1px solid var(--line);border-radius:10px;font-size:.86rem;max-height:26rem;overflow:auto}
.events li{display:grid;grid-template-columns:9.5rem 7.5rem 1fr;gap:.3rem 1rem;align-items:baseline;padding:.55rem 1rem;border-top:1px solid var(--grid)}
.events li:first-child{border-top:0}
.events li.muted{display:block}
.events .pill{justify-self:start}
.events .when{font-variant-numeric:tabular-nums}
.table .note{margin:0;max-width:none;font-size:.8rem;color:var(--ink-3)}
.muted{color:var(--ink-3)}
`;

const LIVE_NARROW = `
@media (max-width:1000px){.tiles{grid-template-columns:repeat(3,minmax(0,1fr))}}
@media (max-width:560px){
.top{padding:.6rem 0}
.top .wrap{flex-wrap:wrap;gap:.3rem .8rem}
.brand span{display:none}
.state{font-size:.78rem}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:10px}
.tile{padding:.65rem .8rem}
.tile b{font-size:1.3rem}
.tile:last-child{grid-column:1/-1}
.events li{grid-template-columns:1fr auto}
.events li span:last-child{grid-column:1/-1}
}
@media (prefers-reduced-motion:no-preference){
.state[data-state=live] i{animation:beat 2s ease-in-out infinite}
@keyframes beat{50%{opacity:.35}}
}
`;
