import type { Reader } from '@sallyport/config/reader'

/** Where spans are sent; nowhere unless a collector is named. */
export type TracingConfig = {
  /** Of an OTLP/HTTP collector, such as `http://127.0.0.1:4318`. */
  readonly endpoint: string
  /** The share of traces that is kept, from 0 to 1. */
  readonly ratio: number
}

export const readTracing = (reader: Reader): TracingConfig | undefined => {
  const endpoint = reader.optional('SALLYPORT_OTLP_ENDPOINT')
  const ratio = readRatio(reader)
  if (endpoint === undefined) return undefined
  if (!isEndpoint(endpoint)) {
    reader.complain('SALLYPORT_OTLP_ENDPOINT must be an http or https URL without user, query or fragment')
  }
  return { endpoint, ratio }
}

const defaultRatio = 0.1

const readRatio = (reader: Reader): number => {
  const text = reader.optional('SALLYPORT_TRACE_RATIO')
  if (text === undefined) return defaultRatio
  const isRatio = /^(0(\.\d{1,6})?|1(\.0{1,6})?)$/.test(text)
  if (!isRatio) reader.complain('SALLYPORT_TRACE_RATIO must be a number from 0 to 1, such as 0.05')
  return Number(text)
}

const isEndpoint = (text: string): boolean => {
  const url = URL.parse(text)
  return (
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.hostname !== '' &&
    `${url.username}${url.password}${url.search}${url.hash}` === '' &&
    !/[?#@]/.test(text)
  )
}
