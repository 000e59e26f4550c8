typedef unsigned char u8;
typedef unsigned int u32;
typedef long long i64;

static u8 heap[8192];
static i64 fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static int less(u8 a, u8 b) { return a < b; }
static int more(u8 a, u8 b) { return a > b; }
static int (*const orders[2])(u8, u8) = {less, more};

__attribute__((export_name("check"))) i64 check(int n) {
	u32 seed = (u32)n * 2654435761u;
	int size = 64 + n % 64;
	for (int i = 0; i < size; i++) {
		seed = seed * 1103515245u + 12345u;
		heap[i] = (u8)(seed >> 16);
	}
	for (int i = 1; i < size; i++)
		for (int j = i; j > 0 && orders[n & 1](heap[j], heap[j - 1]); j--) {
			u8 t = heap[j];
			heap[j] = heap[j - 1];
			heap[j - 1] = t;
		}
	__builtin_memcpy(heap + 4096, heap, (unsigned long)size);
	__builtin_memset(heap + 2048, n, (unsigned long)size);
	i64 sum = fib(n % 16);
	for (int i = 0; i < 8192; i++)
		sum = sum * 31 + heap[i];
	switch (n % 10) {
	case 3: return sum ^ 3;
	case 4: return sum / 7;
	case 5: return -sum;
	case 6: return sum + (i64)(1.5 * n);
	case 9: return sum / (n - 9);
	}
	return sum;
}

__attribute__((export_name("scan"))) i64 scan(int n) {
	i64 sum = 0;
	for (int i = 0; i < n; i++)
		sum = sum * 31 + ((volatile u8 *)heap)[i & 1023];
	return sum;
}
