fn fib(n: i32) -> i64 {
    if n < 2 { n as i64 } else { fib(n - 1) + fib(n - 2) }
}

#[no_mangle]
pub extern "C" fn check(n: i32) -> i64 {
    let mut names: Vec<String> = (0..n % 40).map(|i| format!("name {} of {}", i * 7919 % 101, n)).collect();
    names.sort();
    let text = names.join(",").to_uppercase();
    let mut sum = fib(n % 16);
    for part in text.split(',') {
        sum = sum.wrapping_mul(31).wrapping_add(part.len() as i64);
        for b in part.bytes() {
            sum = sum.wrapping_mul(31).wrapping_add(b as i64);
        }
    }
    if n % 10 == 9 {
        return sum / (n as i64 - 9);
    }
    sum + text.find("OF 7").map_or(-1, |i| i as i64)
}

#[no_mangle]
pub extern "C" fn scan(n: i32) -> i64 {
    let bytes = vec![7u8; 1024];
    let mut sum = 0i64;
    for i in 0..n {
        sum = sum.wrapping_mul(31).wrapping_add(unsafe { std::ptr::read_volatile(&bytes[(i & 1023) as usize]) } as i64);
    }
    sum
}
