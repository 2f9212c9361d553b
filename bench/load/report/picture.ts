import type { Served } from "../ledger.ts";
import { axes, bars, dots, frame, legend, line, type Panel } from "./drawing.ts";
import type { Report } from "./report.ts";

const millis = [1, 10, 100, 1_000, 10_000, 100_000];
const labelOf = (value: number): string => (value < 1_000 ? `${value} ms` : `${value / 1_000} s`);

/**
 * A run as a picture (SVG): each arrival by when it was due and how long it took, what became of the arrivals of each
 * second, and memory. Readable on light and on dark ground.
 */
export function pictureOf(report: Report, served: readonly Served[]): string {
  const endMillis = report.options.seconds * 1000;
  const band = report.throttledMillis ?? undefined;
  const label = `${Math.round(report.options.throttle * 100)}% of calls to DynamoDB and KMS throttled`;
  const place = { endMillis, ...(band === undefined ? {} : { band: { between: band } }) };
  const labelled = { endMillis, ...(band === undefined ? {} : { band: { between: band, label } }) };
  const panels = [
    latencies(served, { ...labelled, top: 90, height: 210 }),
    endings(served, { ...place, top: 360, height: 110 }),
    memories(report, { ...place, top: 530, height: 110 }),
  ];
  const { rate, seconds } = report.options;
  return frame({
    title: "Lanyard under load",
    subtitle: `${rate} arrivals a second for ${seconds} s on the embedded cloud, ${report.machine.cores} cores; each sent when due, whatever became of those before`,
    height: 676,
    body: panels.join("\n"),
  });
}

function latencies(served: readonly Served[], panel: Panel): string {
  const found = served.flatMap(({ lastMillis, scheduledMillis, end, tries }) =>
    lastMillis === undefined
      ? []
      : [{ x: scheduledMillis, y: lastMillis, of: end !== "granted" ? "c" : tries > 1 ? "b" : "a" }],
  );
  const most = Math.max(10, ...found.map(({ y }) => y));
  const ticks = millis.filter((_, at) => (millis[at - 1] ?? 0) < most);
  const least = ticks[0] ?? 1;
  const top = ticks.at(-1) ?? 10;
  const yOf = (value: number) => Math.log(Math.max(value, least) / least) / Math.log(top / least);
  return [
    axes(panel, {
      name: "Latency, from when it was due",
      ticks: ticks.map((value) => ({ at: yOf(value), label: labelOf(value) })),
    }),
    legend(panel, [
      ["a", "granted at once"],
      ["b", "granted after 503"],
      ["c", "refused or not granted"],
    ]),
    ...(["a", "b", "c"] as const).map((of) =>
      dots(
        panel,
        of,
        found.filter((one) => one.of === of).map(({ x, y }) => ({ x, y: yOf(y) })),
      ),
    ),
  ].join("\n");
}

function endings(served: readonly Served[], panel: Panel): string {
  const seconds = Array.from({ length: Math.ceil(panel.endMillis / 1000) }, (_, second) => {
    const due = served.filter(({ scheduledMillis }) => Math.floor(scheduledMillis / 1000) === second);
    const granted = due.filter(({ end }) => end === "granted");
    const atOnce = granted.filter(({ tries }) => tries === 1).length;
    return [atOnce, granted.length - atOnce, due.length - granted.length];
  });
  const most = roundUp(Math.max(1, ...seconds.map((parts) => parts.reduce((sum, part) => sum + part, 0))));
  return [
    axes(panel, {
      name: "Arrivals of each second",
      ticks: [0, most / 2, most].map((value) => ({ at: value / most, label: String(value) })),
    }),
    bars(
      panel,
      ["a", "b", "c"],
      seconds.map((parts) => parts.map((part) => part / most)),
    ),
  ].join("\n");
}

function memories({ memory }: Report, panel: Panel): string {
  const most = roundUp(
    Math.max(1, ...memory.flatMap(({ services, functions = 0, callers }) => [services, functions, callers])) / 1e6,
  );
  const course = (of: "services" | "functions" | "callers") =>
    memory.flatMap((sample) => {
      const bytes = sample[of];
      return bytes === undefined || sample.atMillis > panel.endMillis
        ? []
        : [{ x: sample.atMillis, y: bytes / 1e6 / most }];
    });
  return [
    axes(panel, {
      name: "Resident memory",
      ticks: [0, most / 2, most].map((value) => ({ at: value / most, label: `${value.toLocaleString("en")} MB` })),
    }),
    legend(panel, [
      ["a", "the functions' sandboxes"],
      ["d", "the emulated services"],
      ["e", "the callers"],
    ]),
    line(panel, "a", course("functions")),
    line(panel, "d", course("services")),
    line(panel, "e", course("callers")),
  ].join("\n");
}

/** The next number that reads well and has a half that does. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((times) => times * power).find((round) => round >= value) ?? 10 * power;
}
