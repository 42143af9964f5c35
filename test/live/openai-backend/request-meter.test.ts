import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RequestMeter } from "../../../src/live/backends/openai/request-meter.ts";

const PS_PER_NS = 1000;

describe("RequestMeter", () => {
  test("divides each moment among those in flight, and splits a stay at its first token", () => {
    const meter = new RequestMeter(4);
    meter.join(0, 100);
    meter.join(1, 200);
    meter.firstToken(0, 250);
    // Slot 0: 100 ns alone, 50 ns of two before its first token, 50 ns of two after it.
    expect(meter.report(0, 300)).toEqual({ prefillPs: 125_000, decodePs: 25_000 });
    // Slot 1: 100 ns of two, 100 ns alone, all of it without a token.
    expect(meter.report(1, 400)).toEqual({ prefillPs: 150_000, decodePs: 0 });
    expect(meter.busyNs).toBe(300);
    expect(meter.idleUntil(450)).toBe(150);
    expect(meter.downUntil(450)).toBe(0);
    expect(meter.fixedPs).toBe(300_000);
    expect(meter.inFlightPs()).toBe(0);
  });

  test("what was stopped costs nothing more, and is reported once", () => {
    const meter = new RequestMeter(1);
    meter.join(0, 0);
    meter.stop(0, 10);
    expect(meter.idleUntil(30)).toBe(20);
    expect(meter.inFlightPs()).toBe(10_000);
    expect(meter.report(0, 50)).toEqual({ prefillPs: 10_000, decodePs: 0 });
    expect(meter.report(0, 60)).toEqual({ prefillPs: 0, decodePs: 0 });
    expect(meter.inFlightPs()).toBe(0);
  });

  test("a server that is down is busy as long as a stream still flows", () => {
    const meter = new RequestMeter(1);
    meter.join(0, 0);
    meter.down(10);
    expect(meter.downUntil(15)).toBe(0);
    meter.report(0, 20);
    expect(meter.downUntil(50)).toBe(30);
    expect(meter.idleUntil(50)).toBe(0);
    meter.up(50);
    expect(meter.downUntil(60)).toBe(30);
    expect(meter.idleUntil(60)).toBe(10);
    expect(meter.busyNs).toBe(20);
  });

  test("busy, idle and down add up to the time that passed, and shares to the busy time", () => {
    const slots = 5;
    const step = fc.record({
      ns: fc.integer({ min: 0, max: 1_000_000 }),
      slot: fc.integer({ min: 0, max: slots - 1 }),
      what: fc.constantFrom("join", "first", "stop", "report", "down", "up"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const meter = new RequestMeter(slots);
        const states = new Map<number, "joined" | "stopped">();
        let nowNs = 0;
        let reportedPs = 0;
        for (const { ns, slot, what } of steps) {
          nowNs += ns;
          const state = states.get(slot);
          if (what === "down") meter.down(nowNs);
          else if (what === "up") meter.up(nowNs);
          else if (what === "join" && state === undefined) {
            meter.join(slot, nowNs);
            states.set(slot, "joined");
          } else if (what === "first" && state === "joined") meter.firstToken(slot, nowNs);
          else if (what === "stop" && state === "joined") {
            meter.stop(slot, nowNs);
            states.set(slot, "stopped");
          } else if (what === "report") {
            const { prefillPs, decodePs } = meter.report(slot, nowNs);
            expect(prefillPs).toBeGreaterThanOrEqual(0);
            expect(decodePs).toBeGreaterThanOrEqual(0);
            reportedPs += prefillPs + decodePs;
            states.delete(slot);
          } else meter.advance(nowNs);
          expect(meter.inFlight).toBe(
            [...states.values()].filter((one) => one === "joined").length,
          );
          expect(meter.busyNs + meter.idleUntil(nowNs) + meter.downUntil(nowNs)).toBe(nowNs);
        }
        for (const slot of states.keys()) {
          const { prefillPs, decodePs } = meter.report(slot, nowNs);
          reportedPs += prefillPs + decodePs;
        }
        expect(Math.abs(reportedPs - meter.busyNs * PS_PER_NS)).toBeLessThan(1);
        expect(meter.inFlightPs()).toBeLessThan(1);
      }),
      { numRuns: 500 },
    );
  });
});
