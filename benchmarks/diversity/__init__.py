"""The price of diversification: what lists lose and gain at each strength."""
