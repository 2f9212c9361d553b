/** Parts of a picture: plain SVG, no script, no font of its own. */

/** A stretch of the picture over the time of a run. */
export interface Panel {
  readonly endMillis: number;
  readonly top: number;
  readonly height: number;
  readonly band?: { readonly between: readonly [number, number]; readonly label?: string };
}
/** A point: milliseconds of the run, and a part of the panel's height. */
interface Point {
  readonly x: number;
  readonly y: number;
}
/** One of the picture's colours: a granted at once, b after a pause, c not; d and e for further lines. */
type Colour = "a" | "b" | "c" | "d" | "e";

const [width, left, right] = [920, 76, 24];
const inner = width - left - right;
const round = (value: number): string => String(Math.round(value * 10) / 10);
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const xOf = ({ endMillis }: Panel, atMillis: number): number => left + (atMillis / endMillis) * inner;
const yOf = ({ top, height }: Panel, part: number): number => top + height * (1 - part);

// shapes differ as well as colours, and both grounds keep 4.5 to 1 of contrast to every text
const style = `
  .ground { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, -apple-system, "Segoe UI", sans-serif }
  .title { font-size: 19px; font-weight: 600 } .name { font-weight: 600 } .quiet { fill: #57606a }
  .grid { stroke: #d8dee4 } .band { fill: #fff1d6 } .fill-a { fill: #0969da } .fill-b { fill: #bc4c00 } .fill-c { fill: #6e7781 }
  .fill-d { fill: #1a7f37 } .fill-e { fill: #8250df } .line { fill: none; stroke-width: 2 }
  .line-a { stroke: #0969da } .line-d { stroke: #1a7f37; stroke-dasharray: 6 3 } .line-e { stroke: #8250df; stroke-dasharray: 2 3 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #30363d } .band { fill: #33260f }
    .fill-a { fill: #58a6ff } .fill-b { fill: #f0883e } .fill-c { fill: #9198a1 } .fill-d { fill: #3fb950 } .fill-e { fill: #bc8cff }
    .line-a { stroke: #58a6ff } .line-d { stroke: #3fb950 } .line-e { stroke: #bc8cff }
  }`;

/** The whole picture around its panels. */
export function frame(of: {
  readonly title: string;
  readonly subtitle: string;
  readonly height: number;
  readonly body: string;
}): string {
  const { title, subtitle, height, body } = of;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title what">
<title id="title">${escaped(title)}</title>
<desc id="what">${escaped(subtitle)}</desc>
<style>${style}
</style>
<rect class="ground" width="${width}" height="${height}" rx="6"/>
<text class="title" x="${left}" y="28">${escaped(title)}</text>
<text class="quiet" x="${left}" y="48">${escaped(subtitle)}</text>
${body}
</svg>
`;
}

/** Grid, name, marks of both axes, and the band behind what is drawn. */
export function axes(
  panel: Panel,
  {
    name,
    ticks,
  }: { readonly name: string; readonly ticks: readonly { readonly at: number; readonly label: string }[] },
): string {
  const { band, top, height, endMillis } = panel;
  const parts: string[] = [];
  if (band) {
    const [from, to] = band.between.map((atMillis) => xOf(panel, atMillis)) as [number, number];
    parts.push(`<rect class="band" x="${round(from)}" y="${top}" width="${round(to - from)}" height="${height}"/>`);
    // at the foot: nothing is answered within the first few milliseconds
    if (band.label !== undefined)
      parts.push(
        `<text class="quiet" text-anchor="middle" x="${round((from + to) / 2)}" y="${top + height - 10}">${escaped(band.label)}</text>`,
      );
  }
  for (const { at, label } of ticks) {
    const y = round(yOf(panel, at));
    parts.push(`<line class="grid" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}"/>`);
    parts.push(
      `<text class="quiet" text-anchor="end" x="${left - 8}" y="${round(yOf(panel, at) + 4)}">${label}</text>`,
    );
  }
  parts.push(`<text class="name" x="${left}" y="${top - 10}">${escaped(name)}</text>`);
  for (const second of secondsOf(endMillis))
    parts.push(
      `<text class="quiet" text-anchor="middle" x="${round(xOf(panel, second * 1000))}" y="${top + height + 17}">${second} s</text>`,
    );
  return parts.join("\n");
}

/** Marks of the axis of time: about ten, at numbers that read well. */
function secondsOf(endMillis: number): readonly number[] {
  const seconds = endMillis / 1000;
  const step = [1, 2, 5, 10, 15, 20, 30, 60].find((each) => seconds / each <= 10) ?? 60;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, at) => at * step);
}

/** What the colours mean, at the right above a panel. */
export function legend({ top }: Panel, entries: readonly (readonly [Colour, string])[]): string {
  // about so much a letter, in the widest of the usual fonts: there is no measuring without a browser
  const widthOf = (label: string) => label.length * 7.6 + 34;
  let x = width - right - entries.reduce((sum, [, label]) => sum + widthOf(label), 0) + 18;
  return entries
    .map(([colour, label]) => {
      const at = x;
      x += widthOf(label);
      return `<rect class="fill-${colour}" x="${round(at)}" y="${top - 19}" width="10" height="10" rx="2"/><text x="${round(at + 15)}" y="${top - 10}">${escaped(label)}</text>`;
    })
    .join("\n");
}

/** A dot a point. */
export const dots = (panel: Panel, colour: Colour, points: readonly Point[]): string =>
  `<g class="fill-${colour}" fill-opacity="0.75">${points.map(({ x, y }) => `<circle cx="${round(xOf(panel, x))}" cy="${round(yOf(panel, y))}" r="${colour === "a" ? 2 : 3}"/>`).join("")}</g>`;

/** A line through points. */
export const line = (panel: Panel, colour: Colour, points: readonly Point[]): string =>
  `<polyline class="line line-${colour}" points="${points.map(({ x, y }) => `${round(xOf(panel, x))},${round(yOf(panel, y))}`).join(" ")}"/>`;

/** A bar a second, its parts upon one another. */
export function bars(panel: Panel, colours: readonly Colour[], seconds: readonly (readonly number[])[]): string {
  const wide = (inner / (panel.endMillis / 1000)) * 0.8;
  return seconds
    .flatMap((parts, second) => {
      let from = 0;
      return parts.map((part, at) => {
        from += part;
        if (part === 0) return "";
        const x = round(xOf(panel, second * 1000 + 100));
        return `<rect class="fill-${colours[at]}" x="${x}" y="${round(yOf(panel, from))}" width="${round(wide)}" height="${round(part * panel.height)}"/>`;
      });
    })
    .join("");
}
