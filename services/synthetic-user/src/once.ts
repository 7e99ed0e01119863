import type { SyntheticUserConfig } from './config.ts'
import { run } from './run.ts'
import { prepare } from './service.ts'

/** Runs once, and tells each step on a line. @returns the exit code: 0 if it got through, 1 if not */
export const runOnce = async (config: SyntheticUserConfig, write: (line: string) => void): Promise<0 | 1> => {
  const outcome = await run({
    ...(await prepare(config)),
    onStep: (step, seconds) => write(`${step}: ${Math.round(seconds * 1000)} ms`),
  })
  if (outcome.succeeded) return 0
  write(`${outcome.failure.step}: failed: ${outcome.failure.message}`)
  if (outcome.left !== undefined) write('A request may be left until its window ends.')
  return 1
}
