// @ts-check
/** A list of which only what has become something else is made anew, so that a thousand pictures are no trouble. */

/**
 * @template {{id: string}} Item
 * @param {HTMLElement} list @param {(item: Item) => HTMLElement} make
 * @returns {(items: readonly Item[]) => void}
 */
export function keyed(list, make) {
  /** @type {Map<string, {item: Item, node: HTMLElement}>} */
  let kept = new Map();
  return (items) => {
    /** @type {typeof kept} */
    const next = new Map();
    const had = list.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    /** @type {Element | null} */
    let place = list.firstElementChild;
    for (const item of items) {
      const before = kept.get(item.id);
      const node = before?.item === item ? before.node : make(item);
      next.set(item.id, { item, node });
      if (before && before.node !== node) {
        if (place === before.node) place = node;
        before.node.replaceWith(node);
      }
      if (place === node) place = node.nextElementSibling;
      else list.insertBefore(node, place);
    }
    for (const [id, { node }] of kept) if (!next.has(id)) node.remove();
    kept = next;
    const again = had ? list.querySelector(`[data-key="${CSS.escape(had)}"]`) : null;
    if (again instanceof HTMLElement && document.activeElement !== again) again.focus({ preventScroll: true });
  };
}
