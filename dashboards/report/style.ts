/** The page's style sheet. Colours of the drawings are swapped in the dark by their value. */
import { neutral } from '../charts/theme.ts';

const light = `--ink:#1d2830;--soft:#55626d;--line:#dde3e8;--paper:#ffffff;--panel:#f6f8f9;--link:#0b5c92;--grid:${neutral.grid};--rule:${neutral.rule};--region:${neutral.region};
--confirmed:#0b6b50;--refuted:#a8320c;--mixed:#6d4a9c;--inconclusive:#5a6570;--warn:#fff6e5;--warnline:#d9971c;color-scheme:light`;

const dark = `--ink:#e4e9ed;--soft:#a3afb9;--line:#2f3a43;--paper:#12181d;--panel:#1a2229;--link:#7cc0ee;--grid:#26313a;--rule:#75828d;--region:#4d3a26;
--confirmed:#5fcaa5;--refuted:#ff9668;--mixed:#c3a4ee;--inconclusive:#a9b4be;--warn:#2b2413;--warnline:#b98322;color-scheme:dark`;

/** Colour of the drawings → in the dark. */
const swaps: Record<string, string> = {
  '#0072b2': '#4aa8e0',
  '#6b7682': '#98a5b1',
  '#8f9aa6': '#7d8994',
  '#d55e00': '#f07f2e',
  '#332288': '#6a5bd6',
  '#882255': '#b9457f',
  '#aa4499': '#b855a8',
  '#3f8f78': '#4fa88e',
  '#b3423a': '#d9655c',
};

const recolour = (from: string, to: string): string =>
  `.plot [fill="${from}"]{fill:${to}}.plot [stroke="${from}"]{stroke:${to}}`;

const neutrals = [
  recolour(neutral.ink, 'var(--ink)'),
  recolour(neutral.soft, 'var(--soft)'),
  recolour(neutral.rule, 'var(--rule)'),
  recolour(neutral.grid, 'var(--grid)'),
  recolour(neutral.region, 'var(--region)'),
  `.plot svg>rect[fill="${neutral.paper}"],.plot path[fill="${neutral.paper}"]{fill:var(--paper)}`,
  `.plot [stroke="${neutral.paper}"]{stroke:var(--paper)}`,
].join('');

export const style = `
:root{${light}}
@media screen and (prefers-color-scheme:dark){:root{${dark}}${Object.entries(swaps)
  .map(([from, to]) => recolour(from, to))
  .join('')}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif;font-variant-numeric:lining-nums;overflow-wrap:break-word}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:2px}
a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
code,kbd{font:.86em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem;z-index:2}
.page{display:grid;grid-template-columns:13.5rem minmax(0,1fr);column-gap:3.25rem;max-width:84rem;margin:0 auto;padding:2.5rem 2.5rem 4rem}.page>*{grid-column:2;min-width:0}
nav.contents{grid-column:1;grid-row:1/span 40}nav{position:sticky;top:2rem;align-self:start;font-size:.875rem;max-height:calc(100vh - 4rem);overflow:auto}
nav h2{font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin:0 0 .5rem;font-weight:600;border:0;padding:0}
nav ol{list-style:none;margin:0;padding:0;border-left:1px solid var(--line)}
nav a{display:block;padding:.22rem 0 .22rem .85rem;color:var(--soft);text-decoration:none}
nav a:hover{color:var(--ink);text-decoration:underline}
.mark{font-size:.875rem;color:var(--soft);margin:0 0 1.1rem}.mark b{color:var(--ink);letter-spacing:.01em}
h1,h2,h3{line-height:1.22;text-wrap:balance;margin:0}
h1{font:600 2.3rem/1.16 Charter,"Bitstream Charter","Iowan Old Style","Palatino Linotype",Georgia,"Liberation Serif",serif;letter-spacing:-.012em;max-width:24em}
h2{font-size:1.42rem;font-weight:650;letter-spacing:-.01em;padding-top:2.4rem;margin:2.8rem 0 .9rem;border-top:1px solid var(--line)}
h3{font-size:1.06rem;font-weight:650;margin:2rem 0 .6rem}
p,ul,ol.text,dl{margin:.6rem 0;max-width:70ch}
ul{padding-left:1.2rem}li{margin:.28rem 0}
.facts{display:flex;flex-wrap:wrap;gap:.35rem 1.6rem;margin:1.1rem 0 0;max-width:none;font-size:.875rem;color:var(--soft)}
.facts div{display:flex;gap:.4rem}.facts dt::after{content:":"}.facts dd{margin:0;color:var(--ink)}
.answer{font:1.28rem/1.5 Charter,"Bitstream Charter","Iowan Old Style","Palatino Linotype",Georgia,"Liberation Serif",serif;max-width:46em;margin:1.9rem 0 0}
.answer p{max-width:none;margin:.5rem 0}
.note{border-left:4px solid var(--warnline);background:var(--warn);padding:.7rem 1rem;margin:1.1rem 0;max-width:46rem}
.note p{margin:.15rem 0}
.scroll{overflow-x:auto;margin:1rem 0 1.4rem;border-block:1px solid var(--line)}
table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.4}
caption{text-align:left;padding:.65rem 0;color:var(--soft);caption-side:top}caption span{display:block;position:sticky;left:0;width:min(70ch,calc(100vw - 3rem))}table code{overflow-wrap:normal}
th,td{text-align:left;vertical-align:top;padding:.42rem .9rem .42rem 0;border-top:1px solid var(--line)}
thead th{font-weight:600;color:var(--soft);border-top:0;vertical-align:bottom;border-bottom:1px solid var(--rule)}
tbody th{font-weight:600;min-width:7rem}
.n{text-align:right;font-variant-numeric:tabular-nums lining-nums;white-space:nowrap}
td small,th small{display:block;color:var(--soft);font-weight:400;font-size:.8125rem}
td:not(.n) small{min-width:9rem}thead .n{white-space:normal}td:not(.n){min-width:6.5rem}td.wide{min-width:15rem}tbody th{position:sticky;left:0;background:var(--paper);z-index:1}
tr:target>*{background:var(--warn)}tr.warn>*{background:var(--warn)}
.claims td,.claims th{padding-block:.7rem}.claims thead th:nth-child(1){width:21%}.claims thead th:nth-child(2){width:17%}.claims thead th:nth-child(3){width:25%}.claims td small,.claims th small{margin-top:.25rem}.claims td div div+div{margin-top:.4rem}
.chip{display:inline-block;white-space:nowrap;font-weight:650;font-size:.8125rem;padding:.08rem .55rem;border:1.5px solid currentColor;border-radius:99px}
.chip.confirmed{color:var(--confirmed)}.chip.refuted{color:var(--refuted)}.chip.mixed{color:var(--mixed)}.chip.inconclusive{color:var(--inconclusive);border-style:dashed}
.outcome{font-weight:600}.outcome.confirmed{color:var(--confirmed)}.outcome.mixed{color:var(--mixed)}.outcome.refuted{color:var(--refuted)}.outcome.inconclusive{color:var(--inconclusive);font-weight:400}
ul.key{list-style:none;padding:0}td details{margin:.3rem 0}
details.cell{border:0;margin:0;padding:0}details.cell summary{padding:.1rem 0;font-weight:400}details.cell[open]{min-width:15rem;padding-bottom:.5rem}details.cell:target{background:var(--warn)}
details.cell p,details.cell ul{margin:.2rem 0}details.cell ul{padding-left:1rem}details.cell dl{margin:.3rem 0 0;font-size:.8125rem}details.cell dt{color:var(--soft)}details.cell dd{margin:0 0 .25rem}
figure,.absent{margin:1.6rem 0 2.2rem}
figure h3,.absent h3{margin:0 0 .7rem}
.absent p{color:var(--soft)}
.plot{overflow-x:auto;border:1px solid var(--line);border-radius:6px;background:var(--paper)}
.plot svg{display:block;height:auto;max-width:100%;margin:0 auto}
figcaption{font-size:.875rem;color:var(--soft);margin-top:.6rem}figcaption p{margin:.25rem 0;max-width:80ch}figcaption b{color:var(--ink);font-weight:600}
${neutrals}
details{border:1px solid var(--line);border-radius:6px;margin:.8rem 0;padding:0 1rem}
summary{cursor:pointer;padding:.6rem 0;font-weight:600}
details[open]{padding-bottom:.6rem}
dl.words dt{font-weight:650;margin-top:.9rem}dl.words dd{margin:.1rem 0 0}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.8rem 1rem;overflow-x:auto;font-size:.9rem;line-height:1.5}
blockquote{margin:1rem 0;padding:.2rem 0 .2rem 1.1rem;border-left:3px solid var(--rule);max-width:74ch}
footer{margin-top:3.5rem;padding-top:1.2rem;border-top:1px solid var(--line);font-size:.8125rem;color:var(--soft)}
@media (min-width:75rem){figure.beside{display:grid;grid-template-columns:minmax(0,max-content) minmax(15rem,1fr);gap:0 1.9rem}figure.beside h3{grid-column:1/-1}figure.beside figcaption{margin-top:.2rem}}
@media (max-width:62rem){.page{display:block;padding:1.6rem 1.4rem 3rem}nav{position:static;max-height:none;margin:1.8rem 0 0;padding:.8rem 0;border-block:1px solid var(--line)}nav ol{border:0;columns:2;column-gap:1rem}nav a{padding-left:0}}
@media (max-width:40rem){body{font-size:15px}.page{padding:1.1rem 1rem 2.5rem}h1{font-size:1.72rem}.answer{font-size:1.1rem}h2{font-size:1.26rem;margin-top:2rem;padding-top:1.7rem}
.plot svg{width:max(100%,34rem);max-width:none}
.cards{overflow:visible;border:0}.cards thead{position:absolute;left:-99rem}.cards table,.cards tbody,.cards tr,.cards th,.cards td,.cards caption{display:block;text-align:left}
.cards tr{border:1px solid var(--line);border-radius:6px;padding:.7rem .9rem;margin:.7rem 0}.cards th,.cards td{border:0;padding:.2rem 0!important;white-space:normal}
.cards tbody th{position:static}.cards td{display:grid;grid-template-columns:6.2rem minmax(0,1fr);gap:.6rem}.cards td::before{content:attr(data-label);color:var(--soft);font-size:.8125rem}}
@media print{@page{margin:16mm 14mm}body{font-size:10pt}.page{display:block;padding:0;max-width:none}nav,.skip{display:none}h2{margin-top:1.2rem;padding-top:1rem;break-after:avoid}h3{break-after:avoid}
figure,tr,.note{break-inside:avoid}.scroll,.plot{overflow:visible;border-color:#ccc}table{font-size:7.6pt}th,td{padding-right:.5rem}.n{white-space:normal}a{color:inherit;text-decoration:none}
details::details-content{content-visibility:visible;display:block;block-size:auto}details{border:0;padding:0}details.cell:not([open])::details-content{display:none}}
`;
