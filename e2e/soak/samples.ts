import { existsSync, readFileSync } from 'node:fs'
import { isNightly } from '@sallyport/testing/proof'

/** How long the platform is watched: as long as the other tests take, or a night. */
export const soakMs: number = (isNightly ? 8 * 60 : 12) * 60_000

/** What a process keeps, in bytes and in numbers. `at`: milliseconds since it started. */
export type MemorySample = {
  readonly kind: 'memory'
  /** Its service’s name and its id. */
  readonly process: string
  readonly at: number
  readonly resident: number
  /** After a collection of garbage, without code: the engine goes on compiling for long, but not for ever. */
  readonly kept: number
  readonly descriptors: number
  readonly resources: number
}

/** How long calls of the last half minute took, in milliseconds, and how those failed that did. */
export type LatencySample = {
  readonly kind: 'latency'
  readonly calls: number
  readonly p99: number
  readonly failures: readonly string[]
}

export const readSamples = (path: string): readonly (MemorySample | LatencySample)[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter(line => line.endsWith('}'))
        .map(line => JSON.parse(line) as MemorySample | LatencySample)
    : []
