export { connectBus, type Bus, type BusOptions, type Handler, type Subscription } from './bus.ts'
export type { DispatchBatch } from './consume-dispatch.ts'
export { notifyAnswered, type AnsweredLike } from './notify-answered.ts'
export { POOLS, type Pool } from './subjects.ts'
