import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const module = join(import.meta.dirname, 'crash-point.ts')

/** A program that passes one place, with a place named in its environment. */
const pass = (place: string, environment: Readonly<Record<string, string>>): string => {
  const program = `import { crashPoint } from ${JSON.stringify(module)}
    crashPoint(${JSON.stringify(place)})
    process.stdout.write('survived')`
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
  })
  return signal ?? stdout
}

describe('crashPoint', () => {
  it('kills the process at the named place, and at no other', () => {
    const environment = { NODE_ENV: 'test', SALLYPORT_CRASH_AT: 'here' }
    expect(pass('here', environment)).toBe('SIGKILL')
    expect(pass('there', environment)).toBe('survived')
  })

  it.each(['production', 'development', ''])('does nothing where NODE_ENV is “%s”', environment => {
    expect(pass('here', { NODE_ENV: environment, SALLYPORT_CRASH_AT: 'here' })).toBe('survived')
  })
})
