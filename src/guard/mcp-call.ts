/** Which actions an MCP message needs. The protocol's "tools" are our actions. */

export type NeededActions =
  /** None: listing, starting a session and the like want a good token only. */
  | { readonly kind: 'known'; readonly actions: readonly string[] }
  /** A tool that no action covers: nothing that the client could ask for would help. */
  | { readonly kind: 'unlisted'; readonly name: string };

/** Looks through a JSON-RPC message, or a batch of them. `actions`: MCP tool name to action. */
export function neededActions(body: unknown, actions: ReadonlyMap<string, string>): NeededActions {
  const needed = new Set<string>();
  for (const message of Array.isArray(body) ? body : [body]) {
    if (typeof message !== 'object' || message === null || (message as { method?: unknown }).method !== 'tools/call') continue;
    const name = (message as { params?: { name?: unknown } }).params?.name;
    const action = typeof name === 'string' ? actions.get(name) : undefined;
    if (action === undefined) return { kind: 'unlisted', name: typeof name === 'string' ? name : '' };
    needed.add(action);
  }
  return { kind: 'known', actions: [...needed] };
}
