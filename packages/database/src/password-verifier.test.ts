import { describe, expect, it } from 'vitest'
import { passwordVerifier } from './password-verifier.ts'

describe('passwordVerifier', () => {
  it('is what PostgreSQL itself makes of a password', () => {
    // select rolpassword from pg_authid, after: alter role … password 'pencil', on PostgreSQL 18.
    const kept =
      'SCRAM-SHA-256$4096:EwLBnTMmzR4nVdABv9En8g==$z73AioUcglQr/qPogyseU3J29UAFrEf0mwUwTinzG2Q=:KwGjdEsviMppIWc+D/rGdrWZD9LxKDx8damtbQ9L/KY='
    const salt = Buffer.from(/:([^$]+)\$/.exec(kept)?.[1] ?? '', 'base64')
    expect(passwordVerifier('pencil', salt)).toBe(kept)
  })

  it('is another one each time', () => {
    expect(passwordVerifier('pencil')).not.toBe(passwordVerifier('pencil'))
  })
})
