/** The environment of a child: that of this process, then `own`. The only reader of it besides config.ts. */
export const childEnvironment = (
  own: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv => ({
  ...process.env,
  ...own,
})
