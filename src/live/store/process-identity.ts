/**
 * Which process this is, so that another can tell later whether it still runs. Numbers of processes are used again, and a container's mean
 * nothing outside it: so a number goes with the boot and the namespace it belongs to, and with the moment it was born. Where
 * the system does not tell these (it is Linux that does), a number that is free is all that proves an end.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { LeaseHolder } from "./store.ts";

type ProcessIdentity = Omit<LeaseHolder, "id">;

/** This process, or another one of this machine that runs. */
export function identityOf(pid: number = process.pid): ProcessIdentity {
  return { host: hostname(), machine: thisMachine(), pid, birth: lifeOf(pid)?.birth ?? "" };
}

/** Whether it could be seen from here if it had ended. */
export function isOnThisMachine({ machine }: ProcessIdentity): boolean {
  return machine === thisMachine();
}

/** Whether it has certainly ended: false also where that cannot be known. */
export function hasEnded(other: ProcessIdentity): boolean {
  if (!isOnThisMachine(other)) return false;
  const life = lifeOf(other.pid);
  if (life === undefined) return !isTaken(other.pid);
  return life.isOver || life.birth !== other.birth;
}

function thisMachine(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}

/** Linux: when it was born, in ticks since the boot, and whether only its parent's word is missing. Undefined: not there, or not Linux. */
function lifeOf(pid: number): { readonly birth: string; readonly isOver: boolean } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After the command's name, which may hold anything: fields 3, 4, ... of proc_pid_stat(5); 22 is the start.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { birth: fields[22 - 3] ?? "", isOver: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    return undefined;
  }
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be signalled, and is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
