"""What a node does: issue, sequence, anchor, import, prove. ``node`` wires the services to store, chain and keys."""
