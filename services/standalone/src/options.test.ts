import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

describe('parseOptions', () => {
  it('has a default for everything', () => {
    expect(parseOptions([])).toMatchObject({
      host: '127.0.0.1',
      httpPort: 8080,
      sshPort: 2222,
      logLevel: 'warn',
    })
  })

  it('asks for nothing when help is asked for', () => {
    expect(parseOptions(['--help'])).toBeUndefined()
  })

  it.each([
    [['--http-port', '70000'], '--http-port takes a port'],
    [['--ssh-port', 'twenty-two'], '--ssh-port takes a port'],
    [['--ssh-port', '-1'], 'ssh-port'],
    [['--log-level', 'loud'], '--log-level takes debug, info'],
    [['--data-directory', 'x'], 'Usage: pnpm start'],
  ])('says what is wrong with %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })
})
