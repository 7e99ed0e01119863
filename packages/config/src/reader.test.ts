import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
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

  describe('secretText', () => {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-config-'))
    afterAll(() => rmSync(directory, { recursive: true }))
    const fileWith = (content: string): string => {
      const path = join(directory, `${content.length}`)
      writeFileSync(path, content)
      return path
    }
    const read = (environment: Record<string, string>): string =>
      readConfig(environment, reader => ({ url: reader.secretText('URL') })).url

    it('is in the variable, or in a file', () => {
      expect(read({ URL: 'postgresql://a' })).toBe('postgresql://a')
      expect(read({ URL_FILE: fileWith('postgresql://b\n') })).toBe('postgresql://b')
    })

    it('is refused twice, empty, or missing, and never quoted', () => {
      expect(() => read({})).toThrow('URL is not set')
      expect(() => read({ URL_FILE: '/nowhere' })).toThrow('URL_FILE names a file that cannot be read')
      expect(() => read({ URL_FILE: fileWith('\n') })).toThrow('empty')
      const both = () => read({ URL: 'pass-1', URL_FILE: fileWith('pass-2') })
      expect(both).toThrow('exclude each other')
      expect(both).not.toThrow(/pass-/)
    })
  })
})
