import type { RefusedCall } from '@sallyport/audit-events/refusal'
import { SallyportError } from '@sallyport/errors/error'
import type { Call } from '@sallyport/rpc/call'
import type { Binding, UntypedHandler } from '@sallyport/rpc/handlers'

type RecordRefusal = (refused: RefusedCall) => Promise<void>

/**
 * Records what handlers themselves refuse, such as deciding on one's own request, like what the method table refuses.
 * Their transaction is rolled back by then, so this takes one of its own; if that fails, so does the refusal.
 */
export const auditDenials = (binding: Binding, record: RecordRefusal): Binding => ({
  ...binding,
  handlers: Object.fromEntries(
    Object.entries(binding.handlers).map(([name, handler]) => [
      name,
      isStream(binding, name) || isForServices(binding, name) ? handler : recording(handler, record),
    ]),
  ),
})

const isStream = ({ definition }: Binding, name: string): boolean => definition[name]?.responseStream === true

/** Without a caller there is no tenant whose trail could hold it. */
const isForServices = ({ table }: Binding, name: string): boolean => table[name]?.permission === 'service'

const recording =
  (handler: UntypedHandler, record: RecordRefusal): UntypedHandler =>
  async (request, call) => {
    try {
      return await handler(request, call)
    } catch (thrown) {
      const error = SallyportError.from(thrown)
      if (error.code === 'permission_denied' && !call.audited.has('access.refused')) {
        await record(refusedCall(call, error))
      }
      throw thrown
    }
  }

const refusedCall = (call: Call, error: SallyportError): RefusedCall => ({
  method: call.method,
  requestId: call.requestId,
  service: call.service,
  caller: call.caller,
  error,
})
