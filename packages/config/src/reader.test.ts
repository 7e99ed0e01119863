import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from './reader.ts'

describe('readConfig', () => {
  it('tells every problem at once', () => {
    const read = () =>
      readConfig({ PORT: 'eighty', MODE: 'loud' }, reader => ({
        port: reader.integer('PORT', { min: 1, max: 65_535 }),
        mode: reader.oneOf('MODE', ['quiet', 'brief']),
        name: reader.text('NAME'),
      }))
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(/PORT must be.*\n.*MODE must be.*\n.*NAME is not set/)
  })

  it('gives a frozen object with the fallbacks filled in', () => {
    const config = readConfig({ NAME: 'vault' }, reader => ({
      name: reader.text('NAME'),
      port: reader.integer('PORT', { min: 1, max: 65_535 }, 8443),
      strict: reader.flag('STRICT', true),
    }))
    expect(config).toEqual({ name: 'vault', port: 8443, strict: true })
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('refuses an integer out of its bounds', () => {
    const read = () =>
      readConfig(
        { PORT: '70000' },
        reader => reader && { port: reader.integer('PORT', { min: 1, max: 65_535 }) },
      )
    expect(read).toThrow('from 1 to 65535')
  })
})
