"""The providers' APIs: what is asked of them, within their budgets."""
