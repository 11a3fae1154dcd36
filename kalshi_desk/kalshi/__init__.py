"""The wire of the exchange: signing, REST, stream and typed models; only core may enter."""
