/** From a policy's name to the policy, for one pool. */
import { unreachable } from "../../base/assert.ts";
import type { PlatformConfig, PoolConfig } from "../config.ts";
import { fcfs } from "./fcfs.ts";
import type { Policy } from "./policy.ts";
import { sloFair } from "./slo-fair.ts";
import { strictPriority } from "./strict-priority.ts";
import { tierShare } from "./tier-share.ts";
import { vtc } from "./vtc.ts";

export function createPolicy(platform: PlatformConfig, pool: PoolConfig): Policy {
  const { name } = platform.policy;
  switch (name) {
    case "fcfs":
      return fcfs();
    case "strict-priority":
      return strictPriority();
    case "tier-share":
      return tierShare(platform);
    case "vtc":
      return vtc(platform);
    case "slo-fair":
      return sloFair(platform, pool);
    default:
      return unreachable(name);
  }
}
