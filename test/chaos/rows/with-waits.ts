/** How often the kinds of load/wait-work.ts are chosen beside the usual ones, which together weigh 135. */
export const WITH_WAITS = {
  ask: 14,
  gated: 14,
  back: 14,
  wrapped: 10,
  debugged: 8,
  hook: 14,
} as const
