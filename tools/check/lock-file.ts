import { globSync, readFileSync } from 'node:fs'

/**
 * Lock files name packages and their hashes, never where one machine fetched them: an address in
 * there would send everybody else to that registry.
 */
export function findLockFileProblems(): readonly string[] {
  return globSync(['pnpm-lock.yaml', 'test/bench/peers/*lock*']).flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        /^\s*"?(?:tarball|resolved|registry)"?:|https?:\/\/[^\s"']*\.tgz/.test(line)
          ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`]
          : [],
      ),
  )
}
