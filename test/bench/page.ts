export function writePage(..._: unknown[]): void {}
