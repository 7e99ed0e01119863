/** The shape of what ts-proto generates for one RPC. */
export type Method = {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  // The message types vary; `never` in and `unknown` out is what all of them share.
  readonly requestSerialize: (value: never) => Buffer
  readonly requestDeserialize: (value: Buffer) => unknown
  readonly responseSerialize: (value: never) => Buffer
  readonly responseDeserialize: (value: Buffer) => unknown
}

export type ServiceDefinition = Readonly<Record<string, Method>>

export type RequestOf<M extends Method> = ReturnType<M['requestDeserialize']>
export type ResponseOf<M extends Method> = ReturnType<M['responseDeserialize']>
