import {
  type ServerInterceptingCallInterface,
  ServerInterceptingCall,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js'

/**
 * Refuses calls whose messages are compressed: ours never are, and a thousand that unpack at once take memory that no
 * limit on a message bounds.
 */
export const refuseCompression: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: next => {
      if (encodingOf(call) === 'identity') next()
      else call.sendStatus({ code: status.UNIMPLEMENTED, details: 'Messages are not compressed here' })
    },
  })

/** The library takes the header away before anybody sees it. Were the field gone too, every call would be refused. */
const encodingOf = (call: ServerInterceptingCallInterface): unknown => Reflect.get(call, 'incomingEncoding')
