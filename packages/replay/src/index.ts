export * from './history.ts'
export * from './command.ts'
export * from './activation.ts'
