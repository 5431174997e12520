import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { readProfiles, writeProfiles } from '../profile-file.ts'
import { renderTable } from '../render/table.ts'

export function addProfileCommands(program: Command, context: Context): void {
  const { deps } = context
  const profile = program.command('profile').description('the servers that you talk to')

  profile
    .command('list')
    .description('list profiles; * marks the one in use')
    .action(async () => {
      const { current, profiles } = await readProfiles(deps)
      const names = Object.keys(profiles).toSorted()
      const document = {
        current,
        profiles: names.map((name) => ({ name, url: profiles[name]?.url })),
      }
      context.print(document, () =>
        names.length === 0
          ? 'no profiles; add one with `millrace login` or `millrace profile add`'
          : renderTable(
              ['', 'NAME', 'URL'],
              names.map((name) => [name === current ? '*' : '', name, profiles[name]?.url ?? '']),
            ),
      )
    })

  profile
    .command('use')
    .description('make a profile the one in use')
    .argument('<name>')
    .action(async (name: string) => {
      const { profiles } = await readProfiles(deps)
      if (profiles[name] === undefined) {
        throw new CliError(`there is no profile "${name}"`, {
          exitCode: EXIT.refused,
          way: `known profiles: ${Object.keys(profiles).join(', ') || 'none'}`,
        })
      }
      await writeProfiles(deps, { current: name, profiles })
      deps.io.err(`${name} is in use: ${profiles[name].url}`)
    })

  profile
    .command('add')
    .description('add a profile with an API key, and use it')
    .argument('<name>')
    .requiredOption('--url <url>', 'the server')
    .option(
      '--api-key-stdin',
      'read the API key from standard input; otherwise from MILLRACE_API_KEY or asked for',
    )
    .action(async (name: string, options: { url: string; apiKeyStdin?: boolean }) => {
      if (!URL.canParse(options.url))
        throw new CliError(`--url is no address: ${options.url}`, {
          way: 'for example http://localhost:8080',
        })
      const key =
        options.apiKeyStdin === true
          ? (await deps.io.readStdin()).trim()
          : (deps.env['MILLRACE_API_KEY'] ?? (await deps.io.askSecret('API key: ')))
      if (key === null || key === '')
        throw new CliError('no API key given', { way: 'pipe it in with --api-key-stdin' })
      const { profiles } = await readProfiles(deps)
      await writeProfiles(deps, {
        current: name,
        profiles: { ...profiles, [name]: { url: options.url, api_key: key } },
      })
      deps.io.err(`profile ${name} is in use: ${options.url}`)
    })

  profile
    .command('remove')
    .description('forget a profile and its key')
    .argument('<name>')
    .action(async (name: string) => {
      const { current, profiles } = await readProfiles(deps)
      const { [name]: gone, ...rest } = profiles
      if (gone === undefined)
        throw new CliError(`there is no profile "${name}"`, { exitCode: EXIT.refused })
      await writeProfiles(deps, { current: current === name ? null : current, profiles: rest })
      deps.io.err(`profile ${name} is gone`)
    })
}
